package main

import (
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"sort"
	"strings"
)

const statementType = "application/vnd.countersign.statement.v1+json"

// entry is the part of a CloudEvent that is read here. A record stays as its bytes: its hash is over them, since an entry is canonical JSON.
type entry struct {
	Source string
	Data   struct {
		Records   []json.RawMessage
		Statement *struct {
			PayloadType string
			Payload     []byte
			Signatures  []struct {
				Keyid string
				Sig   []byte
			}
		}
	}
}

// chain is what is known of one executor: the head that statements signed, and the records since.
type chain struct {
	seq     int64
	head    string
	waiting map[int64]json.RawMessage
}

// checkChains follows each executor's chain of records through the log and checks each statement (DSSE, Ed25519) over its head.
func checkChains(entries [][]byte, keys map[string]ed25519.PublicKey) (records, statements int, err error) {
	chains := map[string]*chain{}
	for i, body := range entries {
		var e entry
		if err := json.Unmarshal(body, &e); err != nil {
			return 0, 0, fmt.Errorf("chains: entry %d: %v", i, err)
		}
		if !strings.HasPrefix(e.Source, "/executors/") {
			continue
		}
		c := chains[e.Source]
		if c == nil {
			c = &chain{head: strings.Repeat("0", 64), waiting: map[int64]json.RawMessage{}}
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
		signed := fmt.Sprintf("DSSEv1 %d %s %d %s", len(statement.PayloadType), statement.PayloadType, len(statement.Payload), statement.Payload)
		known := 0
		for _, s := range statement.Signatures {
			public, isKnown := keys[s.Keyid]
			if !isKnown {
				continue
			}
			known++
			if !ed25519.Verify(public, []byte(signed), s.Sig) {
				return 0, 0, fmt.Errorf("statements: entry %d: the signature of %s does not verify", i, s.Keyid)
			}
		}
		if known == 0 {
			return 0, 0, fmt.Errorf("statements: entry %d is signed by no key that is known", i)
		}
		count, err := c.follow(statement.Payload, e.Source)
		if err != nil {
			return 0, 0, fmt.Errorf("chains: entry %d: %v", i, err)
		}
		records += count
		statements++
	}
	for source, c := range chains {
		if len(c.waiting) > 0 {
			return 0, 0, fmt.Errorf("statements: %d records of %s are signed by none", len(c.waiting), source)
		}
	}
	return records, statements, nil
}

// follow walks the records up to the statement's position; the last one's hash must be the head that it signs.
func (c *chain) follow(payload []byte, source string) (int, error) {
	var says struct {
		Executor, Head string
		Seq            int64
	}
	if err := json.Unmarshal(payload, &says); err != nil {
		return 0, err
	}
	if "/executors/"+says.Executor != source {
		return 0, fmt.Errorf("the statement is of %s", says.Executor)
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
			return 0, err
		}
		if seq != c.seq+1 || record.Prev != c.head {
			return 0, fmt.Errorf("record %d of %s does not follow record %d", seq, source, c.seq)
		}
		hash := sha256.Sum256(c.waiting[seq])
		c.seq, c.head = seq, hex.EncodeToString(hash[:])
		delete(c.waiting, seq)
	}
	if c.seq != says.Seq || c.head != says.Head {
		return 0, fmt.Errorf("the statement of %s is over other records", source)
	}
	return len(seqs), nil
}
