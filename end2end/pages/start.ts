/** `/start/{kind}`: the form that a kind's schema makes. */

import type { Locator, Page } from "@playwright/test";

import { alive, noteClickListeners } from "../fixtures/alive.ts";

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

  /** Opens it and waits for its script: until then, the button sends the form in the plain way. */
  async openAlive(kind: string): Promise<void> {
    await noteClickListeners(this.page);
    await this.open(kind);
    await alive(this.submit);
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
