package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/tlog"
)

// C2SP tlog-tiles fixes the height; the packages' own paths carry it, C2SP's do not.
const height = 8
const width = 1 << height

// index spells a tile's number in groups of three digits: x001/x234/067.
func index(n int64) string {
	path := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		path = fmt.Sprintf("x%03d/%s", n%1000, path)
	}
	return path
}

// tilePath is tile/L/N, with .p/W where the tile is not full; level is "entries" for bundles.
func tilePath(level string, n int64, w int) string {
	path := "tile/" + level + "/" + index(n)
	if w < width {
		path += fmt.Sprintf(".p/%d", w)
	}
	return path
}

// read gives the bytes of a hash tile. A log may have grown since: then the full tile begins with the partial one.
func (l *Log) read(t tlog.Tile) ([]byte, error) {
	path := tilePath(fmt.Sprint(t.L), t.N, t.W)
	bytes, err := os.ReadFile(filepath.Join(l.folder, path))
	if errors.Is(err, os.ErrNotExist) && t.W < width {
		bytes, err = os.ReadFile(filepath.Join(l.folder, tilePath(fmt.Sprint(t.L), t.N, width)))
		if err == nil && len(bytes) >= t.W*tlog.HashSize {
			bytes = bytes[:t.W*tlog.HashSize]
		}
	}
	if err != nil {
		return nil, fmt.Errorf("tile: %s is not there", path)
	}
	if len(bytes) != t.W*tlog.HashSize {
		return nil, fmt.Errorf("tile: %s has %d bytes", path, len(bytes))
	}
	return bytes, nil
}

// tlog.TileReader: what the packages prove from.
func (l *Log) Height() int { return height }

func (l *Log) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	for i, t := range tiles {
		bytes, err := l.read(t)
		if err != nil {
			return nil, err
		}
		data[i] = bytes
	}
	return data, nil
}

func (l *Log) SaveTiles([]tlog.Tile, [][]byte) {}

// readEntries reads every entry out of the bundles: up to 256 in each, behind two bytes of length, most significant first.
// A download of `countersign verify --out` has them as the lines of one file instead.
func (l *Log) readEntries() ([][]byte, error) {
	if lines, err := os.ReadFile(filepath.Join(l.folder, "entries.jsonl")); err == nil {
		entries := bytes.Split(bytes.TrimSuffix(lines, []byte("\n")), []byte("\n"))
		if int64(len(entries)) != l.tree.N {
			return nil, fmt.Errorf("entries: entries.jsonl has %d of %d", len(entries), l.tree.N)
		}
		return entries, nil
	}
	var entries [][]byte
	for n := int64(0); n*width < l.tree.N; n++ {
		w := width
		if rest := l.tree.N - n*width; rest < width {
			w = int(rest)
		}
		path := tilePath("entries", n, w)
		bundle, err := os.ReadFile(filepath.Join(l.folder, path))
		if err != nil {
			return nil, fmt.Errorf("entries: %s is not there", path)
		}
		for i := 0; i < w; i++ {
			end := 2
			if len(bundle) >= end {
				end += int(binary.BigEndian.Uint16(bundle))
			}
			if len(bundle) < end {
				return nil, fmt.Errorf("entries: %s ends within entry %d of %d", path, i+1, w)
			}
			entries = append(entries, bundle[2:end])
			bundle = bundle[end:]
		}
		if len(bundle) > 0 {
			return nil, fmt.Errorf("entries: %d bytes follow the last entry of %s", len(bundle), path)
		}
	}
	return entries, nil
}

// tilesOf lists the hash tiles of a tree, without asking the packages: level L holds one hash for each complete 256^L leaves.
func tilesOf(size int64) []tlog.Tile {
	var tiles []tlog.Tile
	for level, count := 0, size; count > 0; level, count = level+1, count/width {
		for n := int64(0); n*width < count; n++ {
			w := count - n*width
			if w > width {
				w = width
			}
			tiles = append(tiles, tlog.Tile{H: height, L: level, N: n, W: int(w)})
		}
	}
	return tiles
}

func name(t tlog.Tile) string {
	return strings.TrimPrefix(tilePath(fmt.Sprint(t.L), t.N, t.W), "tile/")
}
