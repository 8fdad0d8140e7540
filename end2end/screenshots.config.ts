import { defineConfig } from "@playwright/test";

import config from "./playwright.config.ts";

/** `npm run screenshots`: pictures of each page, into `SCREENSHOTS` (default `screenshots/out`). */
export default defineConfig({ ...config, testDir: "screenshots", reporter: [["list"]] });
