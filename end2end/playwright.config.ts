import { defineConfig } from "@playwright/test";

import { CHROMIUM, IS_RELEASE } from "./fixtures/paths.ts";

/** A container's root has no sandbox of Chromium's; and nothing here may speak with anybody but the server under test. */
const LAUNCH = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export default defineConfig({
  testDir: "specs",
  // The sizes of a development build say nothing, and the site is not inside it.
  testIgnore: IS_RELEASE ? [] : ["**/page-weight.spec.ts", "**/one-file.spec.ts"],
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  // A test that passes at the second try has found something.
  retries: 0,
  workers: 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"], ["html", { open: "never" }]],
  use: {
    browserName: "chromium",
    launchOptions: { executablePath: CHROMIUM, args: LAUNCH },
    screenshot: "only-on-failure",
    trace: "retain-on-failure",
    actionTimeout: 15_000,
  },
});
