import { describe, expect, it } from "vitest";
import { SseParser, type ServerEvent } from "./sse";

const STREAM =
  "\uFEFF: hello\r\nretry: 1500\r\nid: 7\r\nevent: quote\r\ndata: {\"bid\":\"71.42\"}\r\n\r\n" +
  "event: heartbeat\rdata:\r\r" +
  "data: one\ndata:  two\nid: 8\n\n" +
  "event: never\n\n" +
  "data: é€🌞\n\n";

const EXPECTED: ServerEvent[] = [
  { id: "7", event: "quote", data: '{"bid":"71.42"}' },
  { id: "7", event: "heartbeat", data: "" },
  { id: "8", event: "message", data: "one\n two" },
  { id: "8", event: "message", data: "é€🌞" },
];

const feed = (pieces: string[]): ServerEvent[] => {
  const parser = new SseParser();
  return pieces.flatMap((piece) => parser.push(piece));
};

describe("SseParser", () => {
  it("reads a whole stream at once", () => {
    expect(feed([STREAM])).toEqual(EXPECTED);
  });

  it("gives the same events wherever one chunk border falls", () => {
    for (let cut = 0; cut <= STREAM.length; cut += 1) {
      expect(feed([STREAM.slice(0, cut), STREAM.slice(cut)]), `cut at ${cut}`).toEqual(EXPECTED);
    }
  });

  it("gives the same events one character at a time", () => {
    expect(feed([...STREAM])).toEqual(EXPECTED);
  });

  it("gives the same events when bytes of a character are split", () => {
    const decoder = new TextDecoder("utf-8", { ignoreBOM: true });
    const pieces = [...new TextEncoder().encode(STREAM)].map((byte) =>
      decoder.decode(new Uint8Array([byte]), { stream: true }),
    );
    expect(feed(pieces)).toEqual(EXPECTED);
  });

  it("remembers the last id and the retry time, and ignores what it cannot read", () => {
    const parser = new SseParser("3");
    expect(parser.lastEventId).toBe("3");
    parser.push("retry: soon\nid: bad\0id\nunknown: x\nid: 4\nretry: 250\n");
    expect(parser.lastEventId).toBe("4");
    expect(parser.retryMs).toBe(250);
  });

  it("does not give an event that was cut off", () => {
    expect(feed(["data: half\n"])).toEqual([]);
  });
});
