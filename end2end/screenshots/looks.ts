/** How each page is looked at, and where its picture goes. */

import { join } from "node:path";

import type { Page } from "@playwright/test";

import { ROOT } from "../fixtures/paths.ts";

const FOLDER = process.env["SCREENSHOTS"] ?? join(ROOT, "end2end", "screenshots", "out");

export const LOOKS = {
  light: { colorScheme: "light", viewport: { width: 1100, height: 800 } },
  dark: { colorScheme: "dark", viewport: { width: 1100, height: 800 } },
  narrow: { colorScheme: "light", viewport: { width: 390, height: 844 } },
} as const;

/** Takes the picture of a page: of all of it, where it is narrow or asked for. */
export function camera(page: Page, look: string): (name: string, fullPage?: boolean) => Promise<void> {
  return async (name, fullPage = look === "narrow") => {
    await page.screenshot({ path: join(FOLDER, `${name}-${look}.png`), fullPage });
  };
}
