/** `/tasks/{id}/result`. */

import type { Locator, Page } from "@playwright/test";

export class ResultPage {
  readonly page: Page;
  readonly heading: Locator;
  readonly text: Locator;

  constructor(page: Page) {
    this.page = page;
    this.heading = page.getByRole("heading", { level: 1 });
    this.text = page.getByRole("main");
  }

  async open(id: string): Promise<void> {
    await this.page.goto(`/tasks/${id}/result`);
  }
}
