// Command ouzel-go is a small client of Ouzel; README.md says how to call it.
package main

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"

	"ouzel.example/client/ouzel"
)

const usage = `usage: run --commands ENDPOINT --events ENDPOINT VERB
  add SOURCE [--save-path DIR] | list | watch [--snapshot-only] | calls | codec`

var errUsage = errors.New(usage)

func main() {
	err := run(os.Args[1:])
	var refused *ouzel.Refused
	switch {
	case err == nil:
		return
	case errors.As(err, &refused):
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	case errors.Is(err, ouzel.ErrNoAnswer):
		fmt.Fprintln(os.Stderr, "no answer")
		os.Exit(3)
	default:
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
}

func run(args []string) error {
	flags := flag.NewFlagSet("run", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	commands, events := flags.String("commands", "", ""), flags.String("events", "", "")
	savePath, snapshotOnly := flags.String("save-path", "", ""), flags.Bool("snapshot-only", false, "")
	var words []string
	for len(args) > 0 { // options may stand before, between and after the words
		if flags.Parse(args) != nil {
			return errUsage
		}
		if args = flags.Args(); len(args) > 0 {
			words, args = append(words, args[0]), args[1:]
		}
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	verb := strings.Join(words[:min(1, len(words))], "")
	if verb == "codec" && len(words) == 1 {
		return codec()
	}
	if *commands == "" || *events == "" || (verb == "add") != (len(words) == 2) {
		return errUsage
	}
	client := ouzel.NewClient(*commands)
	defer client.Close()
	switch verb {
	case "add":
		return add(ctx, client, words[1], *savePath)
	case "list":
		return list(ctx, client)
	case "watch":
		return watch(ctx, client, *events, *snapshotOnly)
	case "calls":
		return calls(ctx, client)
	}
	return errUsage
}

func add(ctx context.Context, client *ouzel.Client, source, savePath string) error {
	args := ouzel.Map{}
	if strings.HasPrefix(source, "magnet:") {
		args["magnet"] = source
	} else {
		metainfo, err := os.ReadFile(source)
		if err != nil {
			return err
		}
		args["metainfo"] = metainfo
	}
	if savePath != "" {
		args["save_path"] = savePath
	}
	reply, err := client.Call(ctx, "add_torrent", args)
	if err == nil {
		result, _ := reply["result"].(ouzel.Map)
		fmt.Println(result["torrent"])
	}
	return err
}

func list(ctx context.Context, client *ouzel.Client) error {
	out := bufio.NewWriter(os.Stdout)
	defer out.Flush()
	for cursor := any(nil); ; {
		reply, err := client.Call(ctx, "list_torrents", ouzel.Map{"cursor": cursor, "limit": 1000})
		if err != nil {
			return err
		}
		result, _ := reply["result"].(ouzel.Map)
		rows, _ := result["torrents"].([]any)
		for _, each := range rows {
			row, _ := each.(ouzel.Map)
			progress, _ := row["progress"].(float64)
			fmt.Fprintf(out, "%s\t%s\t%.1f\t%s\n", row["torrent"], row["state"], progress*100, row["name"])
		}
		if cursor = result["cursor"]; cursor == nil {
			return nil
		}
	}
}

type printer struct{}

func (printer) Event(event ouzel.Map) { printJSON(event) }
func (printer) Snapshot(whole ouzel.Snapshot) {
	printJSON(ouzel.Map{"snapshot": ouzel.Map{"epoch": whole.Epoch, "seq": whole.Seq, "torrents": whole.Torrents}})
}

func watch(ctx context.Context, client *ouzel.Client, events string, snapshotOnly bool) error {
	if snapshotOnly {
		whole, err := client.Snapshot(ctx)
		if err == nil {
			printer{}.Snapshot(whole)
		}
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	return client.Watch(ctx, events, printer{})
}

func calls(ctx context.Context, client *ouzel.Client) error {
	return eachLine(func(line string) error {
		request, err := fromJSON(line)
		if err != nil {
			return err
		}
		reply, err := client.Send(ctx, request)
		if errors.Is(err, ouzel.ErrNoAnswer) {
			reply, err = ouzel.Map{"lost": request["id"]}, nil
		}
		if err == nil {
			printJSON(reply)
		}
		return err
	})
}

func codec() error {
	return eachLine(func(line string) error {
		frame, err := hex.DecodeString(strings.TrimSpace(line))
		var message ouzel.Map
		if err == nil {
			message, err = ouzel.Decode(frame)
		}
		if err == nil {
			frame, err = ouzel.Encode(message)
		}
		if err != nil {
			printJSON(ouzel.Map{"ok": false, "why": err.Error()})
			return nil
		}
		printJSON(ouzel.Map{"ok": true, "decoded": message, "hex": hex.EncodeToString(frame)})
		return nil
	})
}

func eachLine(handle func(string) error) error {
	lines := bufio.NewReader(os.Stdin)
	for {
		line, err := lines.ReadString('\n')
		if line == "" && err != nil {
			return nil
		}
		if err := handle(line); err != nil {
			return err
		}
	}
}
