// Package ouzel talks to an Ouzel daemon: requests over one ZeroMQ socket, events over another.
package ouzel

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

const (
	deadlineMS = 10_000 // the daemon's default
	grace      = time.Second
	askAgain   = 3 * time.Second
	redial     = 100 * time.Millisecond
	outboxRoom = 1000
)

// ErrNoAnswer says that no reply came in time: nobody is there, or a mutation may still take effect.
var ErrNoAnswer = errors.New("no answer")

// Refused is an error that the daemon answered with. Branch on Name; Message is for people.
type Refused struct {
	Code       int64
	Name       string
	Message    string
	Retry      string        // "never", "later" or "resnapshot"
	RetryAfter time.Duration // how long to wait before that; 0 where the daemon does not say
}

func (refused *Refused) Error() string { return refused.Name + ": " + refused.Message }

// Client sends requests, from as many goroutines as you like.
//
// It has a name, and each of its requests an id: so a request that is not answered is sent again, at once where its
// connection broke, and the daemon knows a mutation that it has already carried out.
type Client struct {
	name    string
	stop    context.CancelFunc
	mu      sync.Mutex // guards what follows
	number  int
	pending map[any]pending
	outbox  chan []byte // nil while not connected
}

type pending struct {
	frame []byte
	reply chan Map
}

// NewClient makes a client of the daemon whose commands socket is at endpoint. It connects, again and again, beside.
func NewClient(endpoint string) *Client {
	ctx, stop := context.WithCancel(context.Background())
	client := &Client{name: rand.Text(), stop: stop, pending: map[any]pending{}}
	go keepConnected(ctx, zmq4.NewDealer, endpoint, nil, client.connected, client.receive)
	return client
}

// Close ends all that the client does.
func (client *Client) Close() { client.stop() }

// Call sends one command and gives its reply, of which "result" is what the command defines.
func (client *Client) Call(ctx context.Context, op string, args Map) (Map, error) {
	reply, err := client.Send(ctx, Map{"op": op, "args": args})
	if err != nil || reply["ok"] == true {
		return reply, err
	}
	refused := &Refused{}
	if body, isMap := reply["error"].(Map); isMap {
		refused.Code, _ = body["code"].(int64)
		refused.Name, _ = body["name"].(string)
		refused.Message, _ = body["message"].(string)
		refused.Retry, _ = body["retry"].(string)
		afterMS, _ := body["retry_after_ms"].(int64)
		refused.RetryAfter = time.Duration(afterMS) * time.Millisecond
	}
	return reply, refused
}

// Send sends a request as it is, but for what it lacks of `v`, `id` and `client`, which is added to it.
func (client *Client) Send(ctx context.Context, request Map) (Map, error) {
	client.mu.Lock()
	client.number++
	for key, value := range (Map{"v": 1, "id": fmt.Sprint(client.number), "client": client.name}) {
		if _, given := request[key]; !given {
			request[key] = value
		}
	}
	client.mu.Unlock()
	frame, err := Encode(request)
	if err != nil {
		return nil, err
	}
	patience := deadlineMS * time.Millisecond
	if asked, isInt := request["deadline_ms"].(int64); isInt {
		patience = time.Duration(asked) * time.Millisecond
	}
	ctx, cancel := context.WithTimeoutCause(ctx, patience+grace, ErrNoAnswer)
	defer cancel()

	id, sent := idOf(request), pending{frame, make(chan Map, 1)}
	client.mu.Lock()
	client.pending[id] = sent
	client.transmit(frame)
	client.mu.Unlock()
	defer func() {
		client.mu.Lock()
		delete(client.pending, id)
		client.mu.Unlock()
	}()
	again := time.NewTicker(askAgain)
	defer again.Stop()
	for {
		select {
		case reply := <-sent.reply:
			return reply, nil
		case <-again.C:
			client.mu.Lock()
			client.transmit(frame)
			client.mu.Unlock()
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		}
	}
}

// idOf gives what a reply has as its id: one that is neither text nor number comes back as null.
func idOf(message Map) any {
	switch id := message["id"].(type) {
	case string, int64:
		return id
	}
	return nil
}

// transmit sends if it can; if not, the request's next turn will do.
func (client *Client) transmit(frame []byte) {
	select {
	case client.outbox <- frame:
	default: // not connected, or the daemon takes nothing in
	}
}

func (client *Client) connected(socket zmq4.Socket) {
	client.mu.Lock()
	defer client.mu.Unlock()
	if client.outbox != nil {
		close(client.outbox)
		client.outbox = nil
	}
	if socket == nil {
		return
	}
	outbox := make(chan []byte, len(client.pending)+outboxRoom)
	client.outbox = outbox
	go func() { // beside, since it waits where the daemon takes nothing in
		for frame := range outbox {
			_ = socket.Send(zmq4.NewMsg(frame)) // a broken connection is seen by who receives
		}
	}()
	for _, unanswered := range client.pending {
		client.transmit(unanswered.frame)
	}
}

func (client *Client) receive(reply Map) {
	client.mu.Lock()
	defer client.mu.Unlock()
	waiting, known := client.pending[idOf(reply)]
	if !known && idOf(reply) == nil && len(client.pending) == 1 { // the daemon could not read the id
		for _, waiting = range client.pending {
			known = true
		}
	}
	if known {
		select {
		case waiting.reply <- reply:
		default: // it was sent twice, and answered twice
		}
	}
}

// keepConnected hands over what arrives at a socket until ctx ends; whenever the connection breaks it makes another
// socket. The library's own reconnection is not used: it can deadlock, and it does not tell that requests were lost.
func keepConnected(
	ctx context.Context, newSocket func(context.Context, ...zmq4.Option) zmq4.Socket, endpoint string, topics []string,
	connected func(zmq4.Socket), receive func(Map),
) {
	for ctx.Err() == nil {
		socket := newSocket(ctx, zmq4.WithDialerMaxRetries(0))
		for _, topic := range topics {
			_ = socket.SetOption(zmq4.OptionSubscribe, topic) // fails only on a socket that is connected
		}
		if socket.Dial(endpoint) == nil {
			connected(socket)
			for {
				message, err := socket.Recv()
				if err != nil || len(message.Frames) == 0 {
					break
				}
				if decoded, err := Decode(message.Frames[len(message.Frames)-1]); err == nil {
					receive(decoded)
				}
			}
			connected(nil)
		}
		_ = socket.Close()
		select {
		case <-ctx.Done():
		case <-time.After(redial):
		}
	}
}
