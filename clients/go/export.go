package modelwire

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/modelwire/modelwire/gen/go/wire"
)

// ExportFormat is a format that other programs read models in.
type ExportFormat string

// ONNX is the Open Neural Network Exchange: onnxruntime and others compute the same predictions from it.
const ONNX ExportFormat = "onnx"

// ExportedModel is a model as a file that other programs compute predictions with.
type ExportedModel struct {
	// Model and Version are what was written.
	Model   string
	Version int64
	// FileName is what the file may be called: "wine-3.onnx".
	FileName string
	// SHA256 is that of Content, in hex.
	SHA256 string
	// Content is the file.
	Content []byte
}

// ExportModel asks for a version as a file. The model is named as in [Client.Predict]. A large file comes in several calls, all of
// one version.
//
// It fails with [ErrNotFound], and with [ErrFailedPrecondition] if a step of the model cannot be written.
func (c *Client) ExportModel(ctx context.Context, model string, format ExportFormat, options ...CallOption) (ExportedModel, error) {
	var exported ExportedModel
	for {
		call := c.call(anyNumberOf, options)
		from, name := int64(len(exported.Content)), string(format)
		request := &wire.ExportModelRequest{Context: call.head, Model: &model, Format: &name, FromByte: &from}
		reply, err := invoke(ctx, call, wire.NewModelsClient(call).ExportModel, request)
		if err != nil {
			return ExportedModel{}, err
		}
		if err := exported.add(reply); err != nil {
			return ExportedModel{}, err
		}
		if reply.NextByte == nil {
			return exported, exported.check()
		}
		// An alias may move meanwhile: the version is that of the first piece.
		model = fmt.Sprintf("%s@%d", exported.Model, exported.Version)
	}
}

// add appends a piece.
func (e *ExportedModel) add(piece *wire.ExportModelResponse) error {
	e.Model, e.Version = piece.GetModel(), piece.GetVersion()
	e.FileName, e.SHA256 = piece.GetFileName(), piece.GetSha256()
	before := len(e.Content)
	e.Content = append(e.Content, piece.Content...)
	if piece.NextByte != nil && (len(e.Content) == before || piece.GetNextByte() != int64(len(e.Content))) {
		return malformed("a file goes on at byte %d after %d bytes", piece.GetNextByte(), len(e.Content))
	}
	return nil
}

// check says whether all pieces are there.
func (e *ExportedModel) check() error {
	sum := sha256.Sum256(e.Content)
	if found := hex.EncodeToString(sum[:]); found != e.SHA256 {
		return malformed("%s came with the SHA-256 %s and should have %s; ask again", e.FileName, found, e.SHA256)
	}
	return nil
}
