import { text, type Action } from "../command.ts";
import { usageError } from "../cli-error.ts";
import { doctorLines, salvagedLines } from "../render/doctor.ts";

export const doctor: Action = async ({ app, brain, output }, { options }) => {
  const [backup, salvage] = [text(options.backup), text(options.salvage)];
  if (backup !== undefined && salvage !== undefined) throw usageError("Give --backup or --salvage, not both.");
  if (backup !== undefined) {
    const made = await app.backup(brain, backup);
    output.show("backup", made, (layout) => [` ${layout.style.green("backup")} ${made.path}  ${size(made.bytes)}`]);
    return 0;
  }
  if (salvage !== undefined) {
    const saved = await app.salvage(brain, salvage);
    output.show("salvage", saved, (layout) => salvagedLines(saved, layout));
    return 0;
  }
  const report = await app.doctor(brain);
  output.show("doctor", report, (layout) => doctorLines(report, layout));
  return report.healthy ? 0 : 1;
};

function size(bytes: number): string {
  return bytes < 1024 * 1024 ? `${Math.ceil(bytes / 1024)} KiB` : `${(bytes / 1024 / 1024).toFixed(1)} MiB`;
}
