/** What a phone signs to prove its key to a box; shared by the box and the app, so it needs neither Node nor a browser. */
export function proofText(box: string, challenge: string, request: string): string {
  return `meshbox access 1\n${box}\n${challenge}\n${request}\n`;
}
