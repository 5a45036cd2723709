/**
 * What the daemon says over HTTP and events, shared with the console, the command line and tests. JSON; ids are lower-case hexadecimal,
 * an address is `node` or `node/leaf`, a moment (`at`) is in milliseconds since 1970.
 *
 *   GET  /api/status              Status
 *   GET  /api/island              Island: what the console draws
 *   GET  /api/messages            Message[], newest last
 *   POST /api/messages            { to, text } -> 202 Message; text of 1 to 2,000 octets
 *   GET  /api/files               FileInfo[], newest last
 *   GET  /api/files/:sha256       the octets, with their media type; Range honoured
 *   POST /api/files?to=&name=&type=   body: the octets as application/octet-stream; type: their media type -> 202 FileInfo
 *   POST /api/ping                { to } -> PingResult; 504 `no-answer` when nothing came in time
 *   GET  /api/events              server-sent events: `data: Event` as JSON; status and island at once, then on change, at most once a second each
 *
 * Errors: the HTTP status and { error: { code, message, remedy } }. A request that another site's page could have sent is refused: a POST must
 * come from the same origin or from no page at all and must not have a form's content type, and the Host must be an address, `localhost` or `*.meshbox.lan`.
 */
export interface Status {
  readonly name: string;
  readonly version: string;
  readonly id: string;
  readonly uptimeSeconds: number;
  readonly radio: RadioStatus;
  readonly island: { readonly nodes: number; readonly links: number };
  readonly traffic: { readonly messages: number; readonly files: number };
  /** What a person should see to, apart from the radio: damaged records found at start, a full disk. */
  readonly problems: readonly Trouble[];
}

export interface Trouble {
  readonly code: string;
  readonly message: string;
  readonly remedy: string;
}

export type RadioStatus =
  | { readonly state: 'searching'; readonly device: string; readonly problem?: string; readonly remedy?: string }
  | { readonly state: 'refused'; readonly device: string; readonly problem: string; readonly remedy: string }
  | {
      readonly state: 'paired';
      readonly device: string;
      readonly boardId: string;
      readonly firmware: string;
      readonly session: number;
      readonly counters: LineCounters;
    };

/** Of the serial line, since the daemon started. */
export interface LineCounters {
  readonly framesSent: number;
  readonly framesReceived: number;
  readonly retransmissions: number;
  readonly badFrames: number;
  readonly reconnects: number;
}

export interface Island {
  readonly box: string;
  readonly nodes: readonly IslandNode[];
  readonly links: readonly IslandLink[];
}

export interface IslandNode {
  readonly id: string;
  readonly role: 'box' | 'board' | 'leaf';
  /** `silent`: a route or report was known but nothing has come for three report periods. */
  readonly state: 'up' | 'silent' | 'unreachable';
  /** From the box's own route table; absent when unreachable. */
  readonly route?: { readonly nextHop: string; readonly metric: number };
  readonly seconds?: number;
  readonly counters?: {
    readonly forwarded: number;
    readonly delivered: number;
    readonly sentOctets: number;
    readonly dropped: number;
    readonly retries: number;
  };
  readonly pools?: {
    readonly chunkPeak: number;
    readonly chunkSize: number;
    readonly slotPeak: number;
    readonly slotSize: number;
    readonly stackPeak: number;
    readonly stackSize: number;
  };
}

/** One direction of a link as its `from` end sees it. */
export interface IslandLink {
  readonly from: string;
  readonly to: string;
  /** Link cost in units of 100 µs of expected airtime (ETX times airtime). */
  readonly metric: number;
  readonly rssi: number;
}

export interface Message {
  readonly key: number;
  readonly direction: 'in' | 'out';
  /** Node id, or node/leaf. */
  readonly peer: string;
  readonly text: string;
  readonly at: number;
  readonly state: 'queued' | 'delivered' | 'unknown' | 'refused' | 'received';
}

export interface FileInfo {
  readonly sha256: string;
  readonly name: string;
  readonly mediaType: string;
  readonly octets: number;
  readonly direction: 'in' | 'out';
  readonly peer: string;
  /** Octets stored here, or acknowledged by the other end. */
  readonly received: number;
  readonly state: 'moving' | 'complete' | 'interrupted' | 'refused';
  readonly at: number;
}

export interface PingResult {
  readonly to: string;
  readonly hops: number;
  readonly milliseconds: number;
}

export type Event =
  | { readonly type: 'status'; readonly status: Status }
  | { readonly type: 'island'; readonly island: Island }
  | { readonly type: 'message'; readonly message: Message }
  | { readonly type: 'file'; readonly file: FileInfo };

export interface ApiError {
  readonly error: Trouble;
}
