/* The loop of a board in board mode: one event, one turn, one answer; see air.h. */
#include "air.h"
#include "engine.h"
#include "inbox.h"

/* Answers when the board wants its next tick: to ask is part of the turn. */
static double turn(const Event* event)
{
	uint8_t octets[SERIAL_FIFO];
	size_t size = event->type == EventSerial ? inboxTakeSerial(octets) : 0;
	const Frame* frame = event->type == EventFrame ? inboxFrame() : NULL;
	boardTurnBegins();
	switch (event->type) {
	case EventTick:
		engineTurn(HandlerTick, event->now, 0, 0, NULL, 0);
		break;
	case EventFrame:
		engineTurn(HandlerFrame, frame->now, frame->kind, frame->rssi, frame->octets, 12u + frame->size);
		break;
	case EventSent:
		engineTurn(HandlerSent, airPresent() ? event->now : boardNow(), event->kind, event->ok, NULL, 0);
		break;
	case EventSerial:
		engineTurn(HandlerSerial, boardNow(), 0, 0, octets, size);
		break;
	}
	double deadline = engineDeadline();
	boardTurnEnds(event->type);
	return deadline;
}

void boardLoop(void)
{
	Event event;
	double deadline = engineDeadline();
	bool idle = true;
	if (airPresent())
		airDone(false, deadline); /* the board is up, and this is when it wants its first tick */
	for (;;) {
		boardCollect(deadline, idle);
		if (!airPresent() && boardNow() >= deadline)
			inboxPost((Event){ .type = EventTick, .now = boardNow() });
		if (!(idle = !inboxNext(&event))) {
			deadline = turn(&event);
			if (airPresent())
				airDone(event.asked, deadline);
		}
	}
}
