/** `/start/{kind}`: the form that a kind's schema makes. */

import type { Locator, Page } from "@playwright/test";

export class StartPage {
  readonly page: Page;
  readonly submit: Locator;
  readonly dataField: Locator;
  readonly file: Locator;

  constructor(page: Page) {
    this.page = page;
    this.submit = page.getByRole("button", { name: /^start/i });
    this.file = page.locator("input[type=file]");
    this.dataField = page.getByRole("textbox", { name: /data|csv/i }).first();
  }

  async open(kind: string): Promise<void> {
    await this.page.goto(`/start/${kind}`);
  }

  field(label: string | RegExp): Locator {
    return this.page.getByLabel(label);
  }

  async startStory(subject: string, player: string): Promise<void> {
    await this.field(/subject/i).fill(subject);
    await this.field(/player/i).fill(player);
    await this.submit.click();
  }

  async startDataset(csv: string): Promise<void> {
    await this.dataField.fill(csv);
    await this.submit.click();
  }
}
