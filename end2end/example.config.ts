import { defineConfig } from "@playwright/test";

import config from "./playwright.config.ts";

/** `examples/story_generator` in a browser, as `cargo leptos build -p story_generator` has built it. */
export default defineConfig({ ...config, testDir: "example", reporter: [["list"]] });
