// The fields, from sentencepiece_model.proto. ModelProto: 1 pieces (1 piece,
// 2 score, 3 type), 2 trainer_spec (3 model_type, 24
// treat_whitespace_as_suffix, 35 byte_fallback, 40 unk_id, 41 bos_id, 42
// eos_id, 43 pad_id), 3 normalizer_spec (2 precompiled_charsmap, 3
// add_dummy_prefix, 4 remove_extra_whitespaces, 5 escape_whitespaces).
#include "tokenizer/sentencepiece_spec.h"

#include <limits>
#include <optional>

#include "base/error.h"
#include "tokenizer/protobuf_reader.h"

namespace fullstop {
namespace {

enum ModelType { kUnigram = 1, kBpe = 2, kWord = 3, kChar = 4 };

struct Trainer {
  uint64_t model_type = kUnigram;
  bool space_behind = false;
  bool byte_fallback = false;
  int32_t unk = 0, bos = 1, eos = 2, pad = -1;
};

TokenKind KindOf(uint64_t type) {
  switch (type) {
    case 2:
      return TokenKind::kUnknown;
    case 3:
      return TokenKind::kControl;
    case 4:
      return TokenKind::kUserDefined;
    case 5:
      return TokenKind::kUnused;
    case 6:
      return TokenKind::kByte;
    default:
      return TokenKind::kNormal;
  }
}

TokenSpec ReadPiece(std::string_view message) {
  TokenSpec token;
  uint64_t type = 1;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 1) token.text = reader.bytes();
    if (reader.field() == 2) token.score = reader.real();
    if (reader.field() == 3) type = reader.number();
  }
  token.kind = KindOf(type);
  return token;
}

void ReadTrainer(std::string_view message, Trainer* trainer) {
  ProtobufReader reader(message);
  while (reader.Next()) {
    const auto id = static_cast<int32_t>(reader.number());
    switch (reader.field()) {
      case 3:
        trainer->model_type = reader.number();
        break;
      case 24:
        trainer->space_behind = reader.flag();
        break;
      case 35:
        trainer->byte_fallback = reader.flag();
        break;
      case 40:
        trainer->unk = id;
        break;
      case 41:
        trainer->bos = id;
        break;
      case 42:
        trainer->eos = id;
        break;
      case 43:
        trainer->pad = id;
        break;
      default:
        break;
    }
  }
}

NormalizerStep ReadNormalizer(std::string_view message) {
  NormalizerStep step{.kind = NormalizerStep::Kind::kSentencePiece};
  step.merge_spaces = step.space_before = step.mark_spaces = true;
  ProtobufReader reader(message);
  while (reader.Next()) {
    if (reader.field() == 2) step.content = reader.bytes();
    if (reader.field() == 3) step.space_before = reader.flag();
    if (reader.field() == 4) step.merge_spaces = reader.flag();
    if (reader.field() == 5) step.mark_spaces = reader.flag();
  }
  return step;
}

// User-defined tokens are found where the normaliser left them; in a unigram
// model they compete with the others, at a score that always wins.
void FinishTokens(NormalizerStep* normalizer, TokenizerSpec* spec) {
  for (TokenSpec& token : spec->tokens) {
    if (token.kind != TokenKind::kUserDefined) continue;
    token.match = spec->model == TokenizerModel::kUnigram
                      ? TokenMatch::kNever
                      : TokenMatch::kNormalText;
    normalizer->kept.push_back(token.text);
  }
  spec->normal_text_as_spelt = true;
}

void ReadModelType(const Trainer& trainer, TokenizerSpec* spec) {
  switch (trainer.model_type) {
    case kUnigram:
      spec->model = TokenizerModel::kUnigram;
      return;
    case kBpe:
      spec->model = TokenizerModel::kSentencePieceBpe;
      return;
    default:
      throw Error::Unsupported(
          "a SentencePiece model of " +
          std::string(trainer.model_type == kWord ? "words" : "characters") +
          ": only BPE and unigram are supported");
  }
}

TokenizerSpec Parse(std::string_view bytes) {
  TokenizerSpec spec;
  Trainer trainer;
  NormalizerStep normalizer = ReadNormalizer({});
  ProtobufReader reader(bytes);
  while (reader.Next()) {
    if (reader.field() == 1) spec.tokens.push_back(ReadPiece(reader.bytes()));
    if (reader.field() == 2) ReadTrainer(reader.bytes(), &trainer);
    if (reader.field() == 3) normalizer = ReadNormalizer(reader.bytes());
  }
  if (spec.tokens.empty()) throw Error::Format("the model has no pieces");
  ReadModelType(trainer, &spec);
  FinishTokens(&normalizer, &spec);
  if (trainer.space_behind) {
    normalizer.space_behind = normalizer.space_before;
    normalizer.space_before = false;
  }
  spec.normalizer = {normalizer};
  spec.text_form = TokenText::kMarkedSpaces;
  spec.byte_fallback = trainer.byte_fallback;
  spec.fuse_unknown = true;
  spec.sentencepiece_scores = true;
  if (normalizer.space_before) spec.space_prefix = SpacePrefix::kAlways;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].kind == TokenKind::kUnknown && !spec.unknown) {
      spec.unknown = static_cast<TokenId>(id);
    }
  }
  const auto declared = [&](int32_t id) -> std::optional<TokenId> {
    if (id < 0 || static_cast<size_t>(id) >= spec.tokens.size()) {
      return std::nullopt;
    }
    return id;
  };
  spec.declared.unk = spec.unknown;
  spec.declared.bos = declared(trainer.bos);
  spec.declared.eos = declared(trainer.eos);
  spec.declared.pad = declared(trainer.pad);
  return spec;
}

}  // namespace

TokenizerSpec ParseSentencePiece(std::string_view bytes,
                                 const std::string& name) {
  try {
    return Parse(bytes);
  } catch (Error& error) {
    throw error.In(name);
  }
}

}  // namespace fullstop
