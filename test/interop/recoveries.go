package main

import (
	"encoding/json"
	"fmt"

	"golang.org/x/mod/sumdb/tlog"
)

// framed is what every statement of two admins says beside what it is about.
type framed struct {
	Tenant          string
	AtMs, ExpiresMs int64
}

func (f framed) check(name string, a anchor, atMs int64) error {
	if f.Tenant != a.tenant {
		return fmt.Errorf("the %s is of another tenant", name)
	}
	if f.AtMs > atMs+clockSkewMs || atMs >= f.ExpiresMs+clockSkewMs {
		return fmt.Errorf("the %s does not hold at that time", name)
	}
	return nil
}

// recoveries is what people let go: logs that ended (epochs), chains that were taken back (rewinds), and what executors saw.
type recoveries struct {
	log    *Log
	by     pinned
	ended  map[string]tlog.Tree
	epochs int
	taken  int
	seen   int
}

// seenHead is a checkpoint that an executor wrote into its chain; settledBy is the first epoch that it accepted afterwards.
type seenHead struct {
	tree      tlog.Tree
	settledBy string
	at        int64
}

// executorEvent is the part of an executor's own events that is read here.
type executorEvent struct {
	Type, Kid, Note, Epoch, Rewind string
	signedByTwo
}

// takeEpoch checks an epoch's entry: two admins signed that the log goes on from a checkpoint of this very log.
func (r *recoveries) takeEpoch(index int, subject string, signed signedByTwo, atMs int64, revoked map[string]bool) error {
	var says struct {
		framed
		Epoch, Old, New string
	}
	a := *r.by.people
	if err := signed.open(a, "epoch", atMs, revoked, &says); err != nil {
		return err
	}
	if err := says.check("epoch", a, atMs); err != nil {
		return err
	}
	if _, twice := r.ended[subject]; twice || says.Epoch != subject {
		return fmt.Errorf("the epoch %s stands there as %s", says.Epoch, subject)
	}
	old, _, err := openNote([]byte(says.Old), r.by.logKeys)
	if err != nil {
		return fmt.Errorf("the old %v", err)
	}
	next, _, err := openNote([]byte(says.New), r.by.logKeys)
	if err != nil {
		return fmt.Errorf("the new %v", err)
	}
	if next.N > int64(index) || !r.log.has(next) {
		return fmt.Errorf("the epoch goes on from another log: at size %d this one has another root", next.N)
	}
	r.ended[subject] = old
	r.epochs++
	return nil
}

// takeRecord reads a record of the executor itself, in the order of its chain.
func (r *recoveries) takeRecord(c *chain, source string, seq int64, prev string, body json.RawMessage) error {
	var record struct {
		Task   *string
		AtMs   int64
		Events []json.RawMessage
	}
	if err := json.Unmarshal(body, &record); err != nil || record.Task != nil {
		return err
	}
	for _, text := range record.Events {
		var event executorEvent
		if err := json.Unmarshal(text, &event); err != nil {
			return fmt.Errorf("chains: record %d of %s: %v", seq, source, err)
		}
		var err error
		switch event.Type {
		case "key-revoked":
			c.revoked[event.Kid] = true
		case "checkpoint-seen":
			err = r.see(c, event.Note, seq)
		case "epoch-accepted":
			err = r.accept(c, event, record.AtMs)
		case "chain-restored":
			err = r.takeBack(c, source, event, record.AtMs, seq, prev)
		}
		if err != nil {
			return fmt.Errorf("%w (record %d of %s)", err, seq, source)
		}
	}
	return nil
}

func (r *recoveries) see(c *chain, note string, seq int64) error {
	if r.by.people == nil {
		return nil
	}
	tree, signers, err := openNote([]byte(note), r.by.logKeys)
	if err != nil {
		return fmt.Errorf("history: %v", err)
	}
	for _, kid := range signers {
		if !c.revoked[kid] {
			c.seen = append(c.seen, seenHead{tree: tree, at: seq})
			return nil
		}
	}
	return fmt.Errorf("history: the checkpoint of size %d is signed by a revoked key", tree.N)
}

func (r *recoveries) accept(c *chain, event executorEvent, atMs int64) error {
	if r.by.people == nil {
		return nil
	}
	var says struct {
		framed
		Epoch string
	}
	if err := event.open(*r.by.people, "epoch", atMs, c.revoked, &says); err != nil {
		return fmt.Errorf("epochs: %w", err)
	}
	if err := says.check("epoch", *r.by.people, atMs); err != nil {
		return fmt.Errorf("epochs: %w", err)
	}
	if says.Epoch != event.Epoch {
		return fmt.Errorf("epochs: the event names another epoch")
	}
	for i := range c.seen {
		if c.seen[i].settledBy == "" {
			c.seen[i].settledBy = event.Epoch
		}
	}
	return nil
}

// takeBack checks a rewind: two admins signed for exactly the record before this one.
func (r *recoveries) takeBack(c *chain, source string, event executorEvent, atMs, seq int64, prev string) error {
	if r.by.people == nil {
		return nil
	}
	var says struct {
		framed
		Rewind, Executor string
		Kept, Ledger     struct {
			Seq  int64
			Hash string
		}
	}
	if err := event.open(*r.by.people, "rewind", atMs, c.revoked, &says); err != nil {
		return fmt.Errorf("epochs: %w", err)
	}
	if err := says.check("rewind", *r.by.people, atMs); err != nil {
		return fmt.Errorf("epochs: %w", err)
	}
	if "/executors/"+says.Executor != source || says.Rewind != event.Rewind {
		return fmt.Errorf("epochs: the rewind is of %s", says.Executor)
	}
	if says.Kept.Seq >= says.Ledger.Seq || says.Ledger.Seq+1 != seq || says.Ledger.Hash != prev {
		return fmt.Errorf("epochs: the rewind is over another chain than the one before it")
	}
	r.taken++
	return nil
}

// checkHistory compares each checkpoint that an executor saw with this log, unless people said that its log has ended.
func (r *recoveries) checkHistory(chains map[string]*chain) error {
	for source, c := range chains {
		for _, one := range c.seen {
			r.seen++
			old, hasEnded := r.ended[one.settledBy]
			isLetGo := hasEnded && (one.tree.N < old.N || one.tree == old)
			if !r.log.has(one.tree) && !isLetGo {
				return fmt.Errorf("history: %s saw a log of size %d that is not this one's past (record %d)", source, one.tree.N, one.at)
			}
		}
	}
	return nil
}
