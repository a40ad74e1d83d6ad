// Command ferretdb serves the MongoDB protocol from SQLite files, as the tests' stand-in for MongoDB.
//
//	ferretdb ADDRESS FOLDER
//
// It prints one line with its URI once it accepts connections, and ends by SIGTERM, SIGINT, or when its standard input
// is closed: whoever started it and was killed leaves nothing behind.
package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/FerretDB/FerretDB/ferretdb"
)

func main() {
	if len(os.Args) != 3 {
		fail("usage: ferretdb ADDRESS FOLDER")
	}
	if err := serve(os.Args[1], os.Args[2]); err != nil {
		fail(err.Error())
	}
}

func serve(address, folder string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	server, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{TCP: address},
		Handler:   "sqlite",
		// What is kept only has to outlive this process, not the machine.
		SQLiteURL: "file:" + folder + "/?_pragma=synchronous(off)",
		Logger:    slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelError})),
	})
	if err != nil {
		return err
	}
	go fmt.Println(server.MongoDBURI())
	return server.Run(ctx)
}

func fail(message string) {
	fmt.Fprintln(os.Stderr, message)
	os.Exit(1)
}
