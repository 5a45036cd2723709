/** The Internet of the village: a web server that gives as many octets as the path asks for. */
import { createServer } from 'node:http';

const chunk = Buffer.alloc(64 * 1024, 'x');
createServer((request, response) => {
  const octets = Number(/^\/bytes\/(\d+)$/.exec(request.url ?? '')?.[1] ?? 0);
  response.writeHead(200, { 'content-length': octets });
  let left = octets;
  const more = () => {
    while (left > 0) {
      const part = chunk.subarray(0, Math.min(left, chunk.length));
      left -= part.length;
      if (!response.write(part)) return response.once('drain', more);
    }
    response.end();
  };
  more();
}).listen({ port: 80, host: '::' }, () => console.log('listening'));
