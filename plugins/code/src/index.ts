import { definePlugin } from "@brains/plugin";

export default definePlugin({ id: "code", version: "0.1.0" });
