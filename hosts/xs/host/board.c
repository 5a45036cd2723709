/* The loop of a board in board mode: one event, one turn, one answer; see air.h. */
#include "air.h"
#include "engine.h"
#include "inbox.h"
#include "jobs.h"

/* Answers when the board wants its next tick: to ask is part of the turn. */
static double turn(const Event* event)
{
	uint8_t octets[SERIAL_FIFO];
	size_t size = event->type == EventSerial ? inboxTakeSerial(octets) : 0;
	const Job* job = event->type == EventJob ? jobsTake() : NULL;
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
	case EventJob:
		engineTurn(HandlerJob, boardNow(), (int)job->id, job->ok, job->octets, job->size);
		break;
	default:
		engineTurn(HandlerSerial, boardNow(), 0, 0, octets, size);
		break;
	}
	double deadline = engineDeadline();
	boardTurnEnds(event->type);
	return deadline;
}

/* What has arrived, then a job's answer. */
static bool next(Event* event)
{
	if (inboxNext(event))
		return true;
	*event = (Event){ .type = EventJob };
	return jobsDone();
}

/* To every message of the air since the last answers, or to none: then the turn was nobody's wish. */
static void answer(uint32_t asked, double deadline)
{
	if (asked == 0)
		airDone(false, deadline);
	for (; asked > 0; asked--)
		airDone(true, deadline);
}

void boardLoop(void)
{
	Event event;
	double deadline = engineDeadline();
	uint32_t asked = 0;
	bool idle = true;
	if (airPresent())
		airDone(false, deadline); /* the board is up, and this is when it wants its first tick */
	for (;;) {
		boardCollect(deadline, idle);
		if (!airPresent() && boardNow() >= deadline)
			inboxPost((Event){ .type = EventTick, .now = boardNow() });
		bool any = next(&event);
		if (any) {
			deadline = turn(&event);
			asked += event.asked;
			/* The air waits for the jobs as well: they take no time of its. */
			if (airPresent() && !jobsOwed()) {
				answer(asked, deadline);
				asked = 0;
			}
		}
		else if (jobsWait())
			boardWork();
		else
			boardTidy();
		idle = !any && !jobsOwed();
	}
}
