package ouzel

import (
	"context"
	"errors"
	"time"

	"github.com/go-zeromq/zmq4"
)

const (
	snapshotPage = 1000
	replayPage   = 1000
	retryAfter   = 500 * time.Millisecond
)

// Snapshot is all torrents. Events go on after Seq of Epoch; rows of later pages may already tell some of them.
type Snapshot struct {
	Epoch    string
	Seq      int64
	Torrents []any
}

// Snapshot asks for all torrents, page by page; again where the daemon refuses for the moment.
func (client *Client) Snapshot(ctx context.Context) (Snapshot, error) {
	var whole Snapshot
	var cursor any
	for {
		reply, err := client.Call(ctx, "snapshot", Map{"cursor": cursor, "limit": snapshotPage})
		var refused *Refused
		if errors.As(err, &refused) && refused.Retry != "never" {
			cursor = nil
			if err = wait(ctx, refused.RetryAfter); err == nil {
				continue
			}
		}
		if err != nil {
			return whole, err
		}
		epoch, seq := position(reply)
		if cursor == nil || epoch != whole.Epoch { // the first page, or the supervisor was restarted between two
			whole = Snapshot{Epoch: epoch, Seq: seq}
			if cursor != nil {
				cursor = nil
				continue
			}
		}
		result, _ := reply["result"].(Map)
		rows, _ := result["torrents"].([]any)
		whole.Torrents = append(whole.Torrents, rows...)
		if cursor = result["cursor"]; cursor == nil {
			return whole, nil
		}
	}
}

// Watcher is who watches.
type Watcher interface {
	Snapshot(Snapshot) // all that was known before is void
	Event(Map)         // the next lifecycle event
}

type watch struct {
	client   *Client
	watcher  Watcher
	epoch    string
	last     int64           // seq of the last event that the watcher was given
	outdated map[string]bool // epochs that are over: their events may still be on their way
}

// Watch gives a snapshot and then each lifecycle event, in order, none missing and none twice, until ctx ends. Where
// events are lost for good, or the supervisor was restarted, it gives another snapshot and goes on from there.
func (client *Client) Watch(ctx context.Context, endpoint string, watcher Watcher) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	events := make(chan Map) // who is slow here slows the socket down; what the daemon then drops is asked for again
	go keepConnected(ctx, zmq4.NewSub, endpoint, []string{"lifecycle/", "tick/"}, func(zmq4.Socket) {}, func(event Map) {
		select {
		case events <- event:
		case <-ctx.Done():
		}
	})
	state := &watch{client: client, watcher: watcher, outdated: map[string]bool{}}
	err := state.snapshot(ctx)
	for err == nil {
		select {
		case event := <-events:
			err = state.receive(ctx, event)
			for temporary(err) && wait(ctx, 0) == nil {
				err = state.receive(ctx, event)
			}
		case <-ctx.Done():
			return nil
		}
	}
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// wait takes so long, or half a second, or until ctx ends, whose error it gives then.
func wait(ctx context.Context, pause time.Duration) error {
	if pause <= 0 {
		pause = retryAfter
	}
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func temporary(err error) bool {
	var refused *Refused
	return errors.Is(err, ErrNoAnswer) || errors.As(err, &refused) && refused.Retry == "later"
}

func (state *watch) receive(ctx context.Context, event Map) error {
	epoch, seq := position(event)
	switch {
	case state.outdated[epoch]:
		return nil
	case epoch != state.epoch: // of a new supervisor; or of one that is gone, whose event was long on its way
		err := state.snapshot(ctx)
		state.outdated[epoch] = err == nil && epoch != state.epoch
		return err
	case seq == state.last+1 && event["type"] != "tick":
		state.give(event)
		return nil
	}
	for state.last < seq && epoch == state.epoch { // a gap: some were lost, or all since the last tick
		if err := state.replay(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (state *watch) replay(ctx context.Context) error {
	args := Map{"epoch": state.epoch, "after_seq": state.last, "limit": replayPage}
	reply, err := state.client.Call(ctx, "replay", args)
	var refused *Refused
	if errors.As(err, &refused) && refused.Retry == "resnapshot" {
		return state.snapshot(ctx)
	}
	if err != nil {
		return err
	}
	result, _ := reply["result"].(Map)
	events, _ := result["events"].([]any)
	before := state.last
	for _, each := range events {
		event, _ := each.(Map)
		if _, seq := position(event); seq == state.last+1 {
			state.give(event)
		}
	}
	if state.last == before { // they cannot be had any more
		return state.snapshot(ctx)
	}
	return nil
}

func (state *watch) snapshot(ctx context.Context) error {
	whole, err := state.client.Snapshot(ctx)
	if err == nil {
		state.outdated[state.epoch] = true
		delete(state.outdated, whole.Epoch)
		state.epoch, state.last = whole.Epoch, whole.Seq
		state.watcher.Snapshot(whole)
	}
	return err
}

func (state *watch) give(event Map) {
	_, state.last = position(event)
	state.watcher.Event(event)
}

func position(message Map) (epoch string, seq int64) {
	epoch, _ = message["epoch"].(string)
	seq, _ = message["seq"].(int64)
	return epoch, seq
}
