/*
 * The small store in two blocks of flash, each a log of records behind a header; the block whose header is whole and has the higher generation
 * rules. A record is one key's new value; its last word is a checksum, so a torn one is not there.
 *
 *   put  append a record; if the log is full or ends in a torn record: move
 *   move erase the other block, copy the newest record of each key, then write its header: only with the header's last word it rules
 *
 * header  magic 4, generation 4, sequence 4, crc 4    record  sequence 4, key size 1, 0, value size 2 (0xffff: deleted), key, value, pad, crc 4
 *
 * Sequence and generation only grow. A power cut at any word leaves the old value or the new one (test/emulator cuts at each of them).
 */
#include "engine.h"
#include "platform.h"
#include "rv32.h"

#include <string.h>

#define MAGIC 0x5453424du /* "MBST" */
#define HEADER 16u
#define DELETED 0xffffu
#define ERASED 0xffffffffu
#define KEY_MAX 15u
#define VALUE_MAX 1024u
#define RECORD_MAX (8u + KEY_MAX + 1u + VALUE_MAX + 4u)

typedef struct {
	uint32_t sequence;
	uint8_t keySize, zero;
	uint16_t valueSize;
} Head;

static unsigned active;
static uint32_t generation, sequence, end; /* end: where the next record goes */

/* CRC-32 (ISO-HDLC), bit by bit: values are short and puts are rare. */
static uint32_t crc(uint32_t state, const uint8_t* octets, size_t size)
{
	for (; size > 0; size--) {
		state ^= *octets++;
		for (int bit = 0; bit < 8; bit++)
			state = state >> 1 ^ (0xedb88320u & -(state & 1));
	}
	return state;
}

static uint32_t wordAt(const uint8_t* at)
{
	uint32_t word;
	memcpy(&word, at, 4);
	return word;
}

static size_t valueSize(const Head* head)
{
	return head->valueSize == DELETED ? 0 : head->valueSize;
}

static uint32_t recordSize(const Head* head)
{
	return (uint32_t)((sizeof(Head) + head->keySize + valueSize(head) + 3) & ~3u) + 4;
}

static bool headerWhole(unsigned block, uint32_t* generation)
{
	const uint8_t* at = flashBlock(block);
	*generation = wordAt(at + 4);
	return wordAt(at) == MAGIC && wordAt(at + 12) == ~crc(ERASED, at, 12);
}

/* The record at `offset`, or null: none, or torn. */
static const uint8_t* recordAt(unsigned block, uint32_t offset, Head* head)
{
	const uint8_t* at = flashBlock(block) + offset;
	if (offset + sizeof(Head) + 4 > STORE_SIZE)
		return NULL;
	memcpy(head, at, sizeof(Head));
	if (head->keySize > KEY_MAX || head->keySize == 0 || valueSize(head) > VALUE_MAX || offset + recordSize(head) > STORE_SIZE)
		return NULL;
	uint32_t size = recordSize(head) - 4;
	return wordAt(at + size) == ~crc(ERASED, at, size) ? at : NULL;
}

/* Below `end` every record is whole: storeOpen and append have seen to it. */
static const uint8_t* wholeAt(uint32_t offset, Head* head)
{
	const uint8_t* at = flashBlock(active) + offset;
	memcpy(head, at, sizeof(Head));
	return at;
}

static const uint8_t* find(const char* key, size_t keySize, Head* head)
{
	const uint8_t* found = NULL;
	Head each;
	for (uint32_t offset = HEADER; offset < end; offset += recordSize(&each)) {
		const uint8_t* at = wholeAt(offset, &each);
		if (each.keySize == keySize && memcmp(at + sizeof(Head), key, keySize) == 0) {
			found = at;
			*head = each;
		}
	}
	return found && head->valueSize != DELETED ? found : NULL;
}

static void writeHeader(unsigned block, uint32_t number)
{
	uint32_t header[4] = { MAGIC, number, sequence };
	header[3] = ~crc(ERASED, (const uint8_t*)header, 12);
	flashProgram(block, 0, header, sizeof(header));
}

static void move(void)
{
	unsigned target = 1 - active;
	uint32_t to = HEADER;
	Head each, newest;
	flashErase(target);
	for (uint32_t offset = HEADER; offset < end; offset += recordSize(&each)) {
		const uint8_t* at = wholeAt(offset, &each);
		if (find((const char*)at + sizeof(Head), each.keySize, &newest) == at) {
			for (uint32_t i = 0; i < recordSize(&each); i += 4) {
				uint32_t word = wordAt(at + i); /* flash cannot be read while it is programmed */
				flashProgram(target, to + i, &word, 4);
			}
			to += recordSize(&each);
		}
	}
	writeHeader(target, ++generation);
	active = target;
	end = to;
}

void storeOpen(void)
{
	uint32_t generations[STORE_BLOCKS];
	bool whole[STORE_BLOCKS];
	for (unsigned block = 0; block < STORE_BLOCKS; block++)
		whole[block] = headerWhole(block, &generations[block]);
	if (!whole[0] && !whole[1]) {
		flashErase(0);
		writeHeader(0, generations[0] = 1);
	}
	active = whole[1] && (!whole[0] || generations[1] > generations[0]);
	generation = generations[active];
	Head head;
	uint32_t last = 0;
	for (end = HEADER; recordAt(active, end, &head) && head.sequence > last; end += recordSize(&head))
		last = head.sequence;
	sequence = wordAt(flashBlock(active) + 8);
	if (sequence < last)
		sequence = last;
	/* What follows must be as erased, or the next record would not fit over it. */
	for (uint32_t offset = end; offset < STORE_SIZE; offset += 4)
		if (wordAt(flashBlock(active) + offset) != ERASED)
			return move();
}

int storeGet(const char* key, uint8_t* into, size_t size)
{
	Head head;
	const uint8_t* at = find(key, strlen(key), &head);
	if (!at)
		return -1;
	if (size > head.valueSize)
		size = head.valueSize;
	memcpy(into, at + sizeof(Head) + head.keySize, size);
	return (int)size;
}

static void append(const char* key, const uint8_t* value, uint16_t size)
{
	static uint8_t record[RECORD_MAX];
	Head head = { .sequence = sequence + 1, .keySize = (uint8_t)strlen(key), .valueSize = size };
	uint32_t whole = recordSize(&head);
	memset(record, 0, whole);
	memcpy(record, &head, sizeof(head));
	memcpy(record + sizeof(head), key, head.keySize);
	memcpy(record + sizeof(head) + head.keySize, value, valueSize(&head));
	uint32_t sum = ~crc(ERASED, record, whole - 4);
	memcpy(record + whole - 4, &sum, 4);
	if (end + whole > STORE_SIZE)
		move();
	if (end + whole > STORE_SIZE)
		platformEnd(EndFatalCheck, "the store is full", key);
	flashProgram(active, end, record, whole);
	end += whole;
	sequence++;
}

void storePut(const char* key, const uint8_t* value, size_t size)
{
	append(key, value, (uint16_t)size);
}

void storeDelete(const char* key)
{
	Head head;
	if (find(key, strlen(key), &head))
		append(key, NULL, DELETED);
}
