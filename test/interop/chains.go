package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
	"time"
)

const statementType = "application/vnd.countersign.statement.v1+json"
const epochType = "countersign.log.epoch.v1"

// entry is the part of a CloudEvent that is read here. A record stays as its bytes: its hash is over them, since an entry is canonical JSON.
type entry struct {
	Source, Subject, Type string
	Time                  time.Time
	Data                  struct {
		Records   []json.RawMessage
		Statement *envelope
		signedByTwo
	}
}

// chain is what is known of one executor: the head that statements signed, the records since, keys that it revoked, checkpoints that it saw.
type chain struct {
	seq     int64
	head    string
	waiting map[int64]json.RawMessage
	revoked map[string]bool
	seen    []seenHead
}

// checkChains follows each executor's chain of records through the log and checks each statement (DSSE, Ed25519) over its head; and, where the
// root of the tenant's people is pinned, each epoch and each rewind.
func checkChains(entries [][]byte, r *recoveries) (records, statements int, err error) {
	chains := map[string]*chain{}
	for i, body := range entries {
		var e entry
		if err := json.Unmarshal(body, &e); err != nil {
			return 0, 0, fmt.Errorf("chains: entry %d: %v", i, err)
		}
		if e.Type == epochType && r.by.people != nil {
			if err := r.takeEpoch(i, e.Subject, e.Data.signedByTwo, e.Time.UnixMilli(), revokedIn(chains)); err != nil {
				return 0, 0, fmt.Errorf("epochs: entry %d: %v", i, err)
			}
		}
		if !strings.HasPrefix(e.Source, "/executors/") {
			continue
		}
		c := chains[e.Source]
		if c == nil {
			c = &chain{head: strings.Repeat("0", 64), waiting: map[int64]json.RawMessage{}, revoked: map[string]bool{}}
			chains[e.Source] = c
		}
		for _, record := range e.Data.Records {
			var at struct{ Seq int64 }
			if err := json.Unmarshal(record, &at); err != nil {
				return 0, 0, fmt.Errorf("chains: entry %d: %v", i, err)
			}
			if _, twice := c.waiting[at.Seq]; twice || at.Seq <= c.seq {
				return 0, 0, fmt.Errorf("chains: entry %d: %s has two records at %d", i, e.Source, at.Seq)
			}
			c.waiting[at.Seq] = record
		}
		statement := e.Data.Statement
		if statement == nil {
			continue
		}
		if statement.PayloadType != statementType {
			return 0, 0, fmt.Errorf("statements: entry %d holds a %s", i, statement.PayloadType)
		}
		var signers []string
		for at, s := range statement.Signatures {
			public, isKnown := r.by.keys[s.Keyid]
			if !isKnown {
				continue
			}
			if !statement.isSigned(at, public) {
				return 0, 0, fmt.Errorf("statements: entry %d: the signature of %s does not verify", i, s.Keyid)
			}
			signers = append(signers, s.Keyid)
		}
		if len(signers) == 0 {
			return 0, 0, fmt.Errorf("statements: entry %d is signed by no key that is known", i)
		}
		count, err := c.follow(statement.Payload, e.Source, r)
		if err != nil {
			return 0, 0, fmt.Errorf("%w (entry %d)", err, i)
		}
		// A key signs for nothing from the record on that revokes it.
		for _, kid := range signers {
			if c.revoked[kid] {
				return 0, 0, fmt.Errorf("statements: entry %d is signed by %s, which was revoked before", i, kid)
			}
		}
		records += count
		statements++
	}
	for source, c := range chains {
		if len(c.waiting) > 0 {
			return 0, 0, fmt.Errorf("statements: %d records of %s are signed by none", len(c.waiting), source)
		}
	}
	return records, statements, r.checkHistory(chains)
}

func revokedIn(chains map[string]*chain) map[string]bool {
	all := map[string]bool{}
	for _, c := range chains {
		for kid := range c.revoked {
			all[kid] = true
		}
	}
	return all
}

// follow walks the records up to the statement's position; the last one's hash must be the head that it signs.
func (c *chain) follow(payload []byte, source string, r *recoveries) (int, error) {
	var says struct {
		Executor, Head string
		Seq            int64
	}
	if err := json.Unmarshal(payload, &says); err != nil {
		return 0, fmt.Errorf("chains: %v", err)
	}
	if "/executors/"+says.Executor != source {
		return 0, fmt.Errorf("chains: the statement is of %s", says.Executor)
	}
	var seqs []int64
	for seq := range c.waiting {
		if seq <= says.Seq {
			seqs = append(seqs, seq)
		}
	}
	sort.Slice(seqs, func(i, j int) bool { return seqs[i] < seqs[j] })
	for _, seq := range seqs {
		var record struct{ Prev string }
		if err := json.Unmarshal(c.waiting[seq], &record); err != nil {
			return 0, fmt.Errorf("chains: %v", err)
		}
		if seq != c.seq+1 || record.Prev != c.head {
			return 0, fmt.Errorf("chains: record %d of %s does not follow record %d", seq, source, c.seq)
		}
		if err := r.takeRecord(c, source, seq, record.Prev, c.waiting[seq]); err != nil {
			return 0, err
		}
		hash := sha256.Sum256(c.waiting[seq])
		c.seq, c.head = seq, hex.EncodeToString(hash[:])
		delete(c.waiting, seq)
	}
	if c.seq != says.Seq || c.head != says.Head {
		return 0, fmt.Errorf("chains: the statement of %s is over other records", source)
	}
	return len(seqs), nil
}
