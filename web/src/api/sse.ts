// Own the text/event-stream grammar: text in any chunks, whole events out.

export interface ServerEvent {
  id: string;
  event: string;
  data: string;
}

export class SseParser {
  /** Reconnection time in milliseconds, if the server set one. */
  retryMs: number | null = null;
  lastEventId = "";

  private rest = "";
  private started = false;
  private afterCarriageReturn = false;
  private event = "";
  private data: string[] = [];

  constructor(lastEventId = "") {
    this.lastEventId = lastEventId;
  }

  /** Take the next piece of text and return the events it completes. */
  push(chunk: string): ServerEvent[] {
    let text = chunk;
    if (!this.started && text !== "") {
      this.started = true;
      if (text.startsWith("\uFEFF")) text = text.slice(1);
    }
    // A line may end with CR LF and the chunk border may fall between the two.
    if (this.afterCarriageReturn && text !== "") {
      this.afterCarriageReturn = false;
      if (text.startsWith("\n")) text = text.slice(1);
    }
    if (text.endsWith("\r")) this.afterCarriageReturn = true;

    const lines = (this.rest + text).split(/\r\n|\r|\n/);
    this.rest = lines.pop() ?? "";
    return lines.flatMap((line) => this.line(line) ?? []);
  }

  private line(line: string): ServerEvent | null {
    if (line === "") return this.dispatch();
    const colon = line.indexOf(":");
    if (colon === 0) return null;
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "data") this.data.push(value);
    else if (field === "event") this.event = value;
    else if (field === "id" && !value.includes("\0")) this.lastEventId = value;
    else if (field === "retry" && /^\d+$/.test(value)) this.retryMs = Number(value);
    return null;
  }

  private dispatch(): ServerEvent | null {
    const { event, data } = this;
    this.event = "";
    this.data = [];
    if (data.length === 0) return null;
    return { id: this.lastEventId, event: event || "message", data: data.join("\n") };
  }
}
