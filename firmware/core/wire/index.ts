/** The wire: messages, envelope and serial frame. */
export * from './gen/app.js';
export * from './gen/chain.js';
export * from './gen/channel.js';
export * from './gen/common.js';
export * from './gen/content.js';
export * from './gen/envelope.js';
export * from './gen/link.js';
export * from './gen/mesh.js';
export * from './gen/post.js';
export * from './gen/serial.js';
export * from './gen/transport.js';
export * from './outer-header.js';
export * from './serial-frame.js';
