import { definePlugin } from "@brains/plugin";

export default definePlugin({ id: "commands", version: "0.1.0" });
