// Command sumdb verifies an exported log with code that Holdpoint did not write:
// golang.org/x/mod/sumdb/{note,tlog}, the packages behind Go's own checksum database.
//
// In scope: the checkpoint's signature; every entry against hashes authenticated by the checkpoint;
// inclusion proofs of entries and consistency proofs from smaller sizes (all, or about a thousand in
// a larger log).
// Out of scope: what the entries say. That is `holdpoint log verify`.
//
// It compiles with Go 1.19 and needs no module proxy: GO111MODULE=off, and the packages from
// Debian's golang-golang-x-mod-dev on GOPATH.
//
// usage: sumdb DIRECTORY VKEY
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"
)

const tileHeight = 8
const tileWidth = 1 << tileHeight

// exhaustive is the size up to which every proof is made and checked; in larger logs one in `stride`.
const exhaustive = 1000

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: sumdb DIRECTORY VKEY")
		os.Exit(2)
	}
	tree, err := verify(directory(os.Args[1]), os.Args[2])
	if err != nil {
		fmt.Println("FAIL:", err)
		os.Exit(1)
	}
	fmt.Printf("OK: %d entries, root %s\n", tree.N, tree.Hash)
}

func verify(dir directory, vkey string) (tlog.Tree, error) {
	tree, err := dir.checkpoint(vkey)
	if err != nil {
		return tree, fmt.Errorf("checkpoint: %w", err)
	}
	// The hash reader checks every tile it reads against the root of the checkpoint.
	hashes := tlog.TileHashReader(tree, dir)
	stride := tree.N/exhaustive + 1
	for bundle := int64(0); bundle*tileWidth < tree.N; bundle++ {
		if err := checkBundle(dir, tree, hashes, bundle, stride); err != nil {
			return tree, fmt.Errorf("entry bundle %d: %w", bundle, err)
		}
	}
	for size := int64(1); size <= tree.N; size += stride {
		if err := checkGrowth(tree, hashes, size); err != nil {
			return tree, fmt.Errorf("growth from %d entries: %w", size, err)
		}
	}
	return tree, nil
}

// checkBundle compares every entry of a bundle with its leaf hash, and proves one in `stride`.
func checkBundle(dir directory, tree tlog.Tree, hashes tlog.HashReader, bundle, stride int64) error {
	entries, err := dir.entries(bundle, tree.N)
	if err != nil {
		return err
	}
	var stored []int64
	for i := range entries {
		stored = append(stored, tlog.StoredHashIndex(0, bundle*tileWidth+int64(i)))
	}
	leaves, err := hashes.ReadHashes(stored)
	if err != nil {
		return err
	}
	for i, entry := range entries {
		index := bundle*tileWidth + int64(i)
		if leaf := tlog.RecordHash(entry); leaves[i] != leaf {
			return fmt.Errorf("entry %d hashes to %v, the tile says %v", index, leaf, leaves[i])
		}
		if index%stride != 0 {
			continue
		}
		if err := checkInclusion(tree, hashes, index, leaves[i]); err != nil {
			return fmt.Errorf("entry %d: %w", index, err)
		}
	}
	return nil
}

// checkInclusion makes and checks the proof that a leaf is in the tree.
func checkInclusion(tree tlog.Tree, hashes tlog.HashReader, index int64, leaf tlog.Hash) error {
	proof, err := tlog.ProveRecord(tree.N, index, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckRecord(proof, tree.N, tree.Hash, index, leaf)
}

// checkGrowth makes and checks the proof that the tree began with its first `size` entries.
func checkGrowth(tree tlog.Tree, hashes tlog.HashReader, size int64) error {
	earlier, err := tlog.TreeHash(size, hashes)
	if err != nil {
		return err
	}
	proof, err := tlog.ProveTree(tree.N, size, hashes)
	if err != nil {
		return err
	}
	return tlog.CheckTree(proof, tree.N, tree.Hash, size, earlier)
}

// directory is a C2SP tlog-tiles directory; as a tlog.TileReader it serves the hash tiles.
type directory string

func (dir directory) Height() int { return tileHeight }

func (dir directory) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	var contents [][]byte
	for _, tile := range tiles {
		// Go's checksum database puts the height into the path, C2SP leaves it out.
		path := strings.Replace(tile.Path(), fmt.Sprintf("tile/%d/", tileHeight), "tile/", 1)
		content, err := dir.read(path)
		if err != nil {
			return nil, err
		}
		contents = append(contents, content)
	}
	return contents, nil
}

func (dir directory) SaveTiles([]tlog.Tile, [][]byte) {}

func (dir directory) read(path string) ([]byte, error) {
	return os.ReadFile(filepath.Join(string(dir), filepath.FromSlash(path)))
}

// checkpoint opens the signed note; its origin must be the name of the key.
func (dir directory) checkpoint(vkey string) (tlog.Tree, error) {
	verifier, err := note.NewVerifier(vkey)
	if err != nil {
		return tlog.Tree{}, err
	}
	content, err := dir.read("checkpoint")
	if err != nil {
		return tlog.Tree{}, err
	}
	opened, err := note.Open(content, note.VerifierList(verifier))
	if err != nil {
		return tlog.Tree{}, err
	}
	rest := strings.TrimPrefix(opened.Text, verifier.Name()+"\n")
	if rest == opened.Text {
		return tlog.Tree{}, fmt.Errorf("origin is not %s", verifier.Name())
	}
	// ParseTree knows checkpoints only under the origin of Go's own database.
	return tlog.ParseTree([]byte("go.sum database tree\n" + rest))
}

// entries splits an entry bundle of a log of `size` entries.
func (dir directory) entries(bundle, size int64) ([][]byte, error) {
	width := size - bundle*tileWidth
	if width > tileWidth {
		width = tileWidth
	}
	path := tlog.Tile{H: tileHeight, L: -1, N: bundle, W: int(width)}.Path()
	rest, err := dir.read(strings.Replace(path, fmt.Sprintf("tile/%d/data/", tileHeight), "tile/entries/", 1))
	if err != nil {
		return nil, err
	}
	var entries [][]byte
	for ; width > 0; width-- {
		if len(rest) < 2 || len(rest) < 2+int(binary.BigEndian.Uint16(rest)) {
			return nil, fmt.Errorf("ends %d entries early", width)
		}
		end := 2 + int(binary.BigEndian.Uint16(rest))
		entries = append(entries, rest[2:end])
		rest = rest[end:]
	}
	if len(rest) > 0 {
		return nil, fmt.Errorf("has %d bytes behind its last entry", len(rest))
	}
	return entries, nil
}
