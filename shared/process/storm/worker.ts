// A worker that starts one program and is killed while it runs. Arguments: tier and mark.
import { type Tier, startProgram } from "../src/index.ts";

const [tier, mark] = process.argv.slice(2) as [Tier, string];
const script = `trap '' TERM HUP INT
(setsid sh -c 'trap "" TERM HUP; echo up; exec sleep 71' &)
sleep 72 & echo up; sleep 73`;

await startProgram(
  { file: "/bin/sh", args: ["-c", script], cwd: "/tmp", env: { PATH: "/usr/bin:/bin" }, tier, mark },
  { output: ({ bytes }) => void process.stdout.write(bytes) },
);
