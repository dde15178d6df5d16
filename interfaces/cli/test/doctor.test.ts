import { expect, test } from "vitest";
import { brains, openTestBrain } from "./rig/brain.ts";

test("the doctor's findings are lines with their next steps, and errors end with 1", async () => {
  const brain = await openTestBrain();
  expect(await brains(brain, "doctor")).toMatchObject({
    code: 1,
    err: "",
    out: [
      " /s/brains.db",
      " error  file   it is damaged",
      "               Salvage it.",
      " ok     clock  fine",
      " 1 error",
      "",
    ].join("\n"),
  });
  expect((await brains(brain, "doctor --json")).json).toMatchObject([
    { v: 1, type: "doctor", data: { healthy: false } },
  ]);
});

test("backups and salvaged stores are told with what is not in them", async () => {
  const brain = await openTestBrain();
  expect((await brains(brain, "doctor --backup b.db")).out).toBe(" backup b.db  3 KiB\n");
  expect((await brains(brain, "doctor --backup b.db --json")).json).toMatchObject([
    { type: "backup", data: { bytes: 3_000 } },
  ]);
  const { out } = await brains(brain, "doctor --salvage s.db");
  for (const said of ["salvaged s.db  3 jobs, 1 batch", "#4, #5", "input of #2", "bq_log (2)"])
    expect(out).toContain(said);
  expect(await brains(brain, "doctor --backup a --salvage b")).toMatchObject({ code: 2 });
  expect(await brains(brain, "doctor --bakup a")).toMatchObject({
    code: 2,
    err: expect.stringMatching(/--backup/) as string,
  });
});
