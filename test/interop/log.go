package main

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

// Log is a folder whose checkpoint has been verified. hashes are those of its entries, in the packages' own order; nothing in them is read.
type Log struct {
	folder string
	name   string
	tree   tlog.Tree
	hashes []tlog.Hash
}

// openCheckpoint verifies the note in a file with any of the keys.
func openCheckpoint(file string, keys []logKey) (string, tlog.Tree, error) {
	text, err := os.ReadFile(file)
	if err != nil {
		return "", tlog.Tree{}, fmt.Errorf("checkpoint: %v", err)
	}
	tree, _, err := openNote(text, keys)
	return strings.Split(string(text), "\n")[0], tree, err
}

// openNote verifies a note with any of the keys and reads the tree out of it (C2SP tlog-checkpoint: origin, size, root, extensions).
// It also tells the ids of the keys that signed.
func openNote(text []byte, keys []logKey) (tree tlog.Tree, signers []string, err error) {
	var verifiers []note.Verifier
	kids := map[uint32]string{}
	for _, key := range keys {
		verifier, err := note.NewVerifier(key.vkey)
		if err != nil {
			return tree, nil, fmt.Errorf("checkpoint: %v", err)
		}
		verifiers = append(verifiers, verifier)
		kids[verifier.KeyHash()] = key.kid
	}
	opened, err := note.Open(text, note.VerifierList(verifiers...))
	if err != nil {
		return tree, nil, fmt.Errorf("checkpoint: %v", err)
	}
	lines := strings.Split(strings.TrimSuffix(opened.Text, "\n"), "\n")
	if len(lines) < 3 || lines[0] != verifiers[0].Name() {
		return tree, nil, fmt.Errorf("checkpoint: this is not one of %s", verifiers[0].Name())
	}
	if tree.N, err = strconv.ParseInt(lines[1], 10, 64); err != nil || tree.N < 0 || strconv.FormatInt(tree.N, 10) != lines[1] {
		return tree, nil, fmt.Errorf("checkpoint: %q is no size", lines[1])
	}
	root, err := base64.StdEncoding.Strict().DecodeString(lines[2])
	if err != nil || len(root) != tlog.HashSize {
		return tree, nil, fmt.Errorf("checkpoint: %q is no root", lines[2])
	}
	copy(tree.Hash[:], root)
	for _, signature := range opened.Sigs {
		signers = append(signers, kids[signature.Hash])
	}
	return tree, signers, nil
}

// openLog opens the newest checkpoint, which the key that signs now has signed.
func openLog(folder, vkey string) (*Log, error) {
	name, tree, err := openCheckpoint(filepath.Join(folder, "checkpoint"), []logKey{{vkey: vkey}})
	if err != nil {
		return nil, err
	}
	return &Log{folder: folder, name: name, tree: tree}, nil
}

// ReadHashes gives the hashes that follow from the entries alone (tlog.HashReader).
func (l *Log) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	found := make([]tlog.Hash, len(indexes))
	for i, at := range indexes {
		if at >= int64(len(l.hashes)) {
			return nil, fmt.Errorf("tree: hash %d is beyond the entries", at)
		}
		found[i] = l.hashes[at]
	}
	return found, nil
}

// checkRoot builds the tree over the entries and compares its root.
func (l *Log) checkRoot(entries [][]byte) error {
	for i, entry := range entries {
		more, err := tlog.StoredHashes(int64(i), entry, l)
		if err != nil {
			return err
		}
		l.hashes = append(l.hashes, more...)
	}
	root, err := tlog.TreeHash(l.tree.N, l)
	if err != nil {
		return err
	}
	if root == l.tree.Hash {
		return nil
	}
	// The root says that something differs; the tiles of leaf hashes say what, where they are still right.
	for _, t := range tilesOf(l.tree.N) {
		published, err := l.read(t)
		if err != nil || t.L > 0 {
			continue
		}
		for i := 0; i < t.W; i++ {
			at := t.N*width + int64(i)
			leaf := tlog.RecordHash(entries[at])
			if !bytes.Equal(published[i*tlog.HashSize:(i+1)*tlog.HashSize], leaf[:]) {
				return fmt.Errorf("tree: the root over the entries is %s; the leaf hash of entry %d is not the one in its tile", root, at)
			}
		}
	}
	return fmt.Errorf("tree: the root over the entries is %s", root)
}

// checkTiles compares every tile, byte for byte.
func (l *Log) checkTiles() (int, error) {
	tiles := tilesOf(l.tree.N)
	for _, t := range tiles {
		published, err := l.read(t)
		if err != nil {
			return 0, err
		}
		expected, err := tlog.ReadTileData(t, l)
		if err != nil {
			return 0, err
		}
		for i := 0; i < t.W; i++ {
			if from, to := i*tlog.HashSize, (i+1)*tlog.HashSize; !bytes.Equal(published[from:to], expected[from:to]) {
				return 0, fmt.Errorf("tile: hash %d of %s is not that of the entries", i, name(t))
			}
		}
	}
	return len(tiles), nil
}

// checkInclusion proves every entry out of the published tiles, as a reader of one entry does.
func (l *Log) checkInclusion(entries [][]byte) error {
	tiles := tlog.TileHashReader(l.tree, l)
	for i, entry := range entries {
		proof, err := tlog.ProveRecord(l.tree.N, int64(i), tiles)
		if err == nil {
			err = tlog.CheckRecord(proof, l.tree.N, l.tree.Hash, int64(i), tlog.RecordHash(entry))
		}
		if err != nil {
			return fmt.Errorf("inclusion: entry %d: %v", i, err)
		}
	}
	return nil
}

// has tells whether a tree is this log, or a past of it. Asked once the entries are known.
func (l *Log) has(tree tlog.Tree) bool {
	if tree.N < 1 || tree.N > l.tree.N {
		return false
	}
	root, err := tlog.TreeHash(tree.N, l)
	return err == nil && root == tree.Hash
}

// checkOlder proves that the log continues an earlier one, which one of its keys signed.
func (l *Log) checkOlder(file string, keys []logKey) (int64, error) {
	_, older, err := openCheckpoint(file, keys)
	if err != nil {
		return 0, err
	}
	if older.N > l.tree.N {
		return 0, fmt.Errorf("consistency: a checkpoint of size %d was signed, and the log has %d entries", older.N, l.tree.N)
	}
	if older.N == l.tree.N || older.N == 0 {
		if older.N > 0 && older.Hash != l.tree.Hash {
			return 0, fmt.Errorf("consistency: two roots were signed for size %d", older.N)
		}
		return older.N, nil
	}
	proof, err := tlog.ProveTree(l.tree.N, older.N, tlog.TileHashReader(l.tree, l))
	if err == nil {
		err = tlog.CheckTree(proof, l.tree.N, l.tree.Hash, older.N, older.Hash)
	}
	if err != nil {
		return 0, fmt.Errorf("consistency: the log does not continue the one of size %d: %v", older.N, err)
	}
	return older.N, nil
}
