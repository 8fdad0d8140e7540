/** `/tasks`: mine. */

import type { Locator, Page } from "@playwright/test";

export class TasksPage {
  readonly page: Page;
  readonly search: Locator;

  constructor(page: Page) {
    this.page = page;
    this.search = page.getByRole("searchbox");
  }

  async open(): Promise<void> {
    await this.page.goto("/tasks");
  }

  /** The link to a task. */
  link(id: string): Locator {
    return this.page.getByRole("main").locator(`a[href="tasks/${id}"]`).first();
  }

  /** The row of a task. */
  row(id: string): Locator {
    return this.page.getByRole("listitem").filter({ has: this.page.locator(`a[href="tasks/${id}"]`) });
  }
}
