/** What differs most from browser to browser, once more in Firefox: tabs, sleep, the back-forward cache, uploads, no script. */

import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: "firefox",
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  retries: 0,
  workers: 2,
  timeout: 120_000,
  expect: { timeout: 30_000 },
  reporter: [["list"]],
});
