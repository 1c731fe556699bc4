package modelwire

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"time"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// longestPoll is how long a server may keep a watcher waiting for an event.
const longestPoll = 20 * time.Second

// longestAbsence is how long a server may be away from a watcher whose context has no deadline: a restart takes less.
const longestAbsence = 30 * time.Second

// JobState says where a job is. A state that this client does not know keeps the name that the server gave it.
type JobState string

// The states of a job.
const (
	Queued    JobState = "QUEUED"
	Running   JobState = "RUNNING"
	Succeeded JobState = "SUCCEEDED"
	Failed    JobState = "FAILED"
	Cancelled JobState = "CANCELLED"
)

// Ended: the job will not change any more.
func (s JobState) Ended() bool { return s == Succeeded || s == Failed || s == Cancelled }

// Job is the training of one version of a model, as it was when the server answered.
type Job struct {
	ID    string
	State JobState
	// Model is the name of the model that it trains.
	Model string
	// Version is the one that it published; 0 until it has succeeded.
	Version int64
	// Created, Started and Finished are in UTC; the zero time for what has not happened yet.
	Created, Started, Finished time.Time
	// Progress is from 0 to 1.
	Progress float64
	// Metrics are those of the published version.
	Metrics map[string]float64
	// Err is why it failed; nil if it has not.
	Err *Error
	// Sequence is the number of its latest event.
	Sequence int64

	client *Client
}

// JobEvent is something that happened to a job.
type JobEvent struct {
	// Sequence is 1, 2, 3, … within the job.
	Sequence int64
	// Time is in UTC.
	Time  time.Time
	State JobState
	// Message is for people: "fitting logistic_regression".
	Message string
	// Progress is from 0 to 1.
	Progress float64
}

// Wait waits until the job has ended and answers the version that it published. It fails with the error of the job, with
// [ErrCancelled] if somebody cancelled it, and with [ErrDeadlineExceeded] when the context ends. A time limit of the client
// holds for each of its calls, not for the wait.
//
// A server that restarts meanwhile is waited for: until the deadline of the context or, without one, for half a minute, and
// then it fails with [ErrUnavailable].
func (j *Job) Wait(ctx context.Context, options ...CallOption) (ModelVersion, error) {
	if err := j.succeeded(ctx, options); err != nil {
		return ModelVersion{}, err
	}
	if j.Version == 0 {
		return ModelVersion{}, &Error{
			Code:    ErrFailedPrecondition,
			Message: fmt.Sprintf("job %s has published no version", j.ID),
			Hint:    "wait for a search that publishes nothing with SearchResult",
		}
	}
	return j.client.DescribeModel(ctx, fmt.Sprintf("%s@%d", j.Model, j.Version), options...)
}

// succeeded waits until the job has ended, and fails if it did not end well.
func (j *Job) succeeded(ctx context.Context, options []CallOption) error {
	for _, err := range j.Events(ctx, options...) {
		if err != nil {
			return err
		}
	}
	switch {
	case j.Err != nil:
		return j.Err
	case j.State == Succeeded:
		return nil
	case j.State == Cancelled:
		return &Error{Code: ErrCancelled, Message: fmt.Sprintf("job %s was cancelled", j.ID)}
	}
	return malformed("job %s is %s and does not say why", j.ID, j.State)
}

// Events are what has happened to the job and what happens until it has ended; the last event is the one that ended it. The
// job itself is brought up to date with each.
func (j *Job) Events(ctx context.Context, options ...CallOption) iter.Seq2[JobEvent, error] {
	return func(yield func(JobEvent, error) bool) {
		for after := int64(0); ; {
			events, now, err := j.pollPatiently(ctx, after, options)
			if err != nil {
				yield(JobEvent{}, j.unfinished(ctx, err))
				return
			}
			*j = *now
			for _, event := range events {
				after = event.Sequence
				if !yield(event, nil) {
					return
				}
			}
			if j.State.Ended() && (after >= j.Sequence || len(events) == 0) {
				return
			}
		}
	}
}

// pollPatiently polls again after a poll that no server answered: that is harmless, and the job outlives the server.
func (j *Job) pollPatiently(ctx context.Context, after int64, options []CallOption) ([]JobEvent, *Job, error) {
	var absence time.Time
	for try := 1; ; try++ {
		events, now, err := j.client.poll(ctx, j.ID, after, longestPoll, options)
		failure := new(Error)
		if err == nil || ctx.Err() != nil || !errors.As(err, &failure) || !failure.mayPass() {
			return events, now, err
		}
		if absence.IsZero() {
			absence = time.Now().Add(j.client.absence)
		}
		pause := pauseAfter(min(try, 8), failure)
		if _, limited := ctx.Deadline(); !limited && time.Until(absence) <= pause {
			return nil, nil, j.lost(failure)
		}
		rest(ctx, pause)
	}
}

// mayPass: another server, or the same one a little later, may answer.
func (e *Error) mayPass() bool {
	return e.Code == ErrUnavailable || e.Code == ErrOverloaded || e.Code == ErrDeadlineExceeded
}

// lost is the error of a watcher whose server stayed away.
func (j *Job) lost(failure *Error) *Error {
	given := *failure
	given.Message = fmt.Sprintf("the server was lost while job %s was waited for: %s", j.ID, failure.Message)
	given.Hint = fmt.Sprintf("the job goes on where the server does; wait again: GetJob(ctx, %q), then Wait", j.ID)
	return &given
}

// unfinished says what became of the job if it was the watcher who had no more time: the last poll alone tells little.
func (j *Job) unfinished(ctx context.Context, err error) error {
	failure := new(Error)
	if ctx.Err() == nil || !errors.As(err, &failure) {
		return err
	}
	return &Error{
		Code:    failure.Code,
		Message: fmt.Sprintf("the context of the watcher ended before job %s did; it goes on", j.ID),
		Hint:    "ask for it with GetJob, or end it with CancelJob",
		cause:   ctx.Err(),
	}
}

// WatchJob is [Job.Events] for a job by its id.
func (c *Client) WatchJob(ctx context.Context, id string, options ...CallOption) iter.Seq2[JobEvent, error] {
	return (&Job{ID: id, client: c}).Events(ctx, options...)
}

// GetJob asks how a job is. It fails with [ErrNotFound].
func (c *Client) GetJob(ctx context.Context, id string, options ...CallOption) (*Job, error) {
	call := c.call(anyNumberOf, options)
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).GetJob, &wire.GetJobRequest{Context: call.head, JobID: &id})
	if err != nil {
		return nil, err
	}
	return c.jobFrom(reply.Job)
}

// ListJobs are the jobs, newest first.
func (c *Client) ListJobs(ctx context.Context, options ...CallOption) iter.Seq2[*Job, error] {
	return pages(func(after *string) ([]*Job, *string, error) {
		call := c.call(anyNumberOf, options)
		reply, err := invoke(ctx, call, wire.NewTrainingClient(call).ListJobs, &wire.ListJobsRequest{Context: call.head, After: after})
		if err != nil {
			return nil, nil, err
		}
		jobs, err := each(reply.Jobs, c.jobFrom)
		return jobs, reply.NextPage, err
	})
}

// CancelJob cancels a job that waits or runs; one that has ended is answered as it is. It fails with [ErrNotFound].
func (c *Client) CancelJob(ctx context.Context, id string, options ...CallOption) (*Job, error) {
	call := c.call(anyNumberOf, options)
	request := &wire.CancelJobRequest{Context: call.head, JobID: &id}
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).CancelJob, request)
	if err != nil {
		return nil, err
	}
	return c.jobFrom(reply.Job)
}

// poll asks for the events after a number and waits for one, on a connection of its own.
func (c *Client) poll(ctx context.Context, id string, after int64, wait time.Duration, options []CallOption) ([]JobEvent, *Job, error) {
	call := c.call(anyNumberOf, options)
	call.pool = c.watches
	call.timeout += wait
	milliseconds := wait.Milliseconds()
	request := &wire.WatchJobRequest{Context: call.head, JobID: &id, AfterSequence: &after, WaitMs: &milliseconds}
	reply, err := invoke(ctx, call, wire.NewTrainingClient(call).WatchJob, request)
	if err != nil {
		return nil, nil, err
	}
	events := make([]JobEvent, len(reply.Events))
	for position, event := range reply.Events {
		events[position] = JobEvent{
			Sequence: event.GetSequence(),
			Time:     timeOf(event.TimeMs),
			State:    JobState(event.GetStateName()),
			Message:  event.GetMessage(),
			Progress: event.GetProgress(),
		}
	}
	job, err := c.jobFrom(reply.Job)
	return events, job, err
}

func (c *Client) jobFrom(sent *wire.Job) (*Job, error) {
	if sent == nil {
		return nil, malformed("a reply without its job")
	}
	state := JobState(sent.GetStateName())
	if state == "" {
		state = JobState(wire.JobState(sent.GetState()).String())
	}
	return &Job{
		ID:       sent.GetID(),
		State:    state,
		Model:    sent.GetModel(),
		Version:  sent.GetVersion(),
		Created:  timeOf(sent.CreatedMs),
		Started:  timeOf(sent.StartedMs),
		Finished: timeOf(sent.FinishedMs),
		Progress: sent.GetProgress(),
		Metrics:  sent.Metrics,
		Err:      fromWire(sent.Error),
		Sequence: sent.GetSequence(),
		client:   c,
	}, nil
}
