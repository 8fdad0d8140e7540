/** `/`: what can be started, and what was started lately. */

import type { Locator, Page } from "@playwright/test";

export class HomePage {
  readonly page: Page;
  readonly heading: Locator;

  constructor(page: Page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 }).first();
  }

  async open(): Promise<void> {
    await this.page.goto("/");
  }

  /** The link that leads to the form of a kind. */
  card(kind: string): Locator {
    return this.page.locator(`a[href="start/${kind}"]`).first();
  }

  /** The link to one of my recent tasks. */
  recent(id: string): Locator {
    return this.page.locator(`a[href="tasks/${id}"]`);
  }
}
