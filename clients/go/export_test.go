package modelwire

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"reflect"
	"testing"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// pieces answers a file in pieces of ten bytes, and keeps what was asked for.
type pieces struct {
	wire.Models
	file  []byte
	skip  int64
	sum   string
	asked []string
}

func (p *pieces) ExportModel(_ context.Context, request *wire.ExportModelRequest) (*wire.ExportModelResponse, error) {
	p.asked = append(p.asked, fmt.Sprintf("%s as %s from %d", request.GetModel(), request.GetFormat(), request.GetFromByte()))
	first := int(request.GetFromByte())
	end := min(first+10, len(p.file))
	reply := &wire.ExportModelResponse{
		Model: pointer("wine"), Version: pointer(int64(2)), FileName: pointer("wine-2.onnx"), Content: p.file[first:end], Sha256: &p.sum,
	}
	if end < len(p.file) {
		reply.NextByte = pointer(int64(end) + p.skip)
	}
	return reply, nil
}

func (p *pieces) export(t *testing.T) (ExportedModel, error) {
	t.Helper()
	return newFake(t, services{models: p}.answer).connect(t).ExportModel(t.Context(), "wine@canary", ONNX)
}

func TestAFileIsReadInPiecesOfOneVersion(t *testing.T) {
	file := []byte("a file of several pieces")
	sum := fmt.Sprintf("%x", sha256.Sum256(file))
	server := &pieces{file: file, sum: sum}

	exported, err := server.export(t)

	expected := ExportedModel{Model: "wine", Version: 2, FileName: "wine-2.onnx", SHA256: sum, Content: file}
	if err != nil || !reflect.DeepEqual(exported, expected) {
		t.Errorf("got %v, %v", exported, err)
	}
	asked := []string{"wine@canary as onnx from 0", "wine@2 as onnx from 10", "wine@2 as onnx from 20"}
	if !reflect.DeepEqual(server.asked, asked) {
		t.Errorf("asked for %v", server.asked)
	}
}

func TestPiecesThatDoNotFollowOrAreOthersAreNoFile(t *testing.T) {
	for _, server := range []*pieces{{file: make([]byte, 24), skip: 1}, {file: make([]byte, 24), sum: "00"}} {
		if _, err := server.export(t); !errors.Is(err, ErrProtocol) {
			t.Errorf("got %v", err)
		}
	}
}
