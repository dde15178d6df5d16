// The entry of `npm start` and `npm test`. It has to parse on an old Node, which then gets a sentence and not a syntax error.
const major = Number(process.versions.node.split(".")[0]);
if (major < 20) {
  process.stderr.write(
    "brains: SETUP_NODE_TOO_OLD: this is Node " +
      process.versions.node +
      "; set-up needs Node 20 or newer. Install one (https://nodejs.org), then run the same command again.\n",
  );
  process.exitCode = 69;
} else {
  void import("./launch.mjs").then(({ launch }) => launch(process.argv.slice(2)));
}
