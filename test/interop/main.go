// Command interop verifies a Countersign log with Go's transparency-log packages (golang.org/x/mod/sumdb/note and tlog).
// It shares no code with Countersign: what it accepts, a stranger's tool accepts.
//
// A log is a folder that holds what its server serves, by the same paths (C2SP tlog-tiles):
//
//	checkpoint            the signed note
//	tile/L/N[.p/W]        hash tiles
//	tile/entries/N[.p/W]  entry bundles; or entries.jsonl, where `countersign verify --out` made the folder
//
// With a TRUST it also checks what people signed to let a restored log or executor go on, and the checkpoints that executors saw.
//
// Exit code 0: everything holds. 3: the log is refused, and the last line says why. 1: nothing was verified.
package main

import (
	"flag"
	"fmt"
	"os"

	"golang.org/x/mod/sumdb/tlog"
)

func main() {
	vkey := flag.String("vkey", "", "the log's verifier key, name+hash+base64 (signed-note)")
	jwks := flag.String("jwks", "", "a file with the executors' public keys (RFC 7517): also check chains and their signed statements")
	trust := flag.String("trust", "", "instead of both: a file with the deploy configuration's TRUST")
	tenant := flag.String("tenant", "", "with -trust: whose log it is")
	older := flag.String("older", "", "a file with a checkpoint of this log that somebody kept: the log must continue it")
	flag.Parse()
	by := pinned{vkey: *vkey, logKeys: []logKey{{vkey: *vkey}}}
	var err error
	switch {
	case flag.NArg() != 1 || (*vkey == "") == (*trust == "") || (*trust == "") != (*tenant == ""):
		fmt.Fprintln(os.Stderr, "usage: interop (-vkey KEY [-jwks FILE] | -trust FILE -tenant NAME) [-older FILE] FOLDER")
		os.Exit(1)
	case *trust != "":
		by, err = readTrust(*trust, *tenant)
	case *jwks != "":
		by.keys, err = readKeySet(*jwks)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	if err := verify(flag.Arg(0), by, *older); err != nil {
		fmt.Println("refused:", err)
		os.Exit(3)
	}
	fmt.Println("accepted")
}

func verify(folder string, by pinned, older string) error {
	log, err := openLog(folder, by.vkey)
	if err != nil {
		return err
	}
	say("checkpoint", 1, "signed by %s; size %d, root %s", log.name, log.tree.N, log.tree.Hash)
	entries, err := log.readEntries()
	if err != nil {
		return err
	}
	say("entries", len(entries), "read, each to its end")
	if err := log.checkRoot(entries); err != nil {
		return err
	}
	say("tree", len(entries), "their leaf hashes lead to the root of the checkpoint")
	tiles, err := log.checkTiles()
	if err != nil {
		return err
	}
	say("tiles", tiles, "each hash is that of these entries")
	if err := log.checkInclusion(entries); err != nil {
		return err
	}
	say("inclusion", len(entries), "each entry is proved from the tiles")
	if older != "" {
		size, err := log.checkOlder(older, by.logKeys)
		if err != nil {
			return err
		}
		say("consistency", 1, "the log continues the one of size %d", size)
	}
	if by.keys != nil {
		r := &recoveries{log: log, by: by, ended: map[string]tlog.Tree{}}
		records, statements, err := checkChains(entries, r)
		if err != nil {
			return err
		}
		say("chains", records, "records, each naming the hash of the one before it")
		say("statements", statements, "signed by a key of the executors, over the head of a chain")
		if by.people != nil {
			say("epochs", r.epochs+r.taken, "%d epochs and %d rewinds, each signed by two admins", r.epochs, r.taken)
			say("history", r.seen, "checkpoints that executors saw lie on this log's past, or on one that people ended")
		}
	}
	return nil
}

func say(check string, count int, format string, args ...interface{}) {
	fmt.Printf("ok %-12s %5d  %s\n", check, count, fmt.Sprintf(format, args...))
}
