#include "convert/to_gguf.h"

#include <algorithm>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "convert/folder_config.h"
#include "convert/folder_protocol.h"
#include "convert/gguf_tensors.h"
#include "convert/model_keys.h"
#include "convert/protocol_keys.h"
#include "convert/tokenizer_keys.h"
#include "format/gguf_writer.h"
#include "format/quote.h"
#include "model/architectures.h"
#include "protocol/sources.h"
#include "protocol/turn_protocol.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

// What stands in the folder goes along as it is, for the way back.
void AddVocabularyAndProtocol(const HfFolder& folder,
                              const FolderProtocol& read, uint64_t rows,
                              GgufWriter* writer, ConvertResult* result) {
  AddTokenizerKeys(read.spec, read.sources.add_bos, rows, writer,
                   &result->remarks);
  AddProtocolKeys(read.sources, *read.protocol, writer, &result->remarks);
  if (const auto path = folder.Find("tokenizer.json")) {
    const std::string text = ReadFile(*path);
    writer->Add(kTokenizerJsonKey, {std::string_view(text)});
  }
  if (!folder.config().is_null()) {
    const std::string text = folder.config().dump();
    writer->Add(kConfigKey, {std::string_view(text)});
  }
  result->source_hash = read.protocol->hash();
}

// Opens what was written as any reader does.
void ReadBack(const std::string& path, ConvertResult* result) {
  const GgufFile file = GgufFile::Open(path);
  const std::shared_ptr<const Tokenizer> tokenizer = Tokenizer::FromGguf(file);
  result->written_hash =
      TurnProtocol::Resolve(SourcesFromGguf(file, tokenizer))->hash();
}

void NoteOtherProtocol(ConvertResult* result) {
  if (result->written_hash != result->source_hash) {
    result->remarks.push_back(
        "the turn protocol of the written file is another than the folder's: "
        "`show` prints both");
  }
}

// A few tokens may have got another text (a name for a reserved one); a
// vocabulary that shares little with TOKENS is that of another model.
void CompareVocabularies(const TokenizerSpec& spec,
                         std::span<const std::string_view> tokens,
                         const HfFolder& folder, ConvertResult* result) {
  const auto refuse = [&folder](const std::string& what) {
    return Error::Usage(what + ": they are of different models")
        .In(folder.path());
  };
  if (spec.tokens.size() > tokens.size()) {
    throw refuse("the folder's vocabulary has " +
                 std::to_string(spec.tokens.size()) + " tokens, the file's " +
                 std::to_string(tokens.size()));
  }
  size_t others = 0;
  for (size_t id = 0; id < spec.tokens.size(); ++id) {
    if (spec.tokens[id].text != tokens[id]) ++others;
  }
  const std::string count = std::to_string(others) + " of " +
                            std::to_string(spec.tokens.size()) +
                            " tokens of the folder's vocabulary are spelt "
                            "otherwise in the file";
  if (others > spec.tokens.size() / 50) throw refuse(count);
  if (others != 0) result->remarks.push_back(count);
}

// The rows of the token embedding; 0 where there is none.
uint64_t EmbeddingRows(const ModelFile& model) {
  const ModelTensor* embedding = model.FindTensor("token_embd.weight");
  return embedding == nullptr || embedding->shape.size() < 2
             ? 0
             : embedding->shape[1];
}

void WriteFile(const std::string& path, const GgufWriter& writer,
               ConvertResult* result) {
  CheckFreeSpace(path, result->bytes);
  try {
    writer.WriteFile(path);
  } catch (const ConversionStopped&) {
    result->stopped = true;
  }
}

}  // namespace

ConvertResult FolderToGguf(const HfFolder& folder, const std::string& path,
                           OutType type, const ConvertProgress& progress) {
  ConvertResult result;
  const ModelFile model = ReadModelFolder(folder);
  const FolderProtocol read = ReadFolderProtocol(folder);
  if (folder.config().contains("text_config")) {
    result.remarks.push_back(
        "only the text model was converted: a GGUF file has no room for the "
        "other parts of the folder");
  }
  if (const auto& names = model.left_out(); !names.empty()) {
    result.remarks.push_back(
        "tensors that predict further tokens were left out, " +
        std::to_string(names.size()) + " of them: the first is " +
        names.front());
  }
  ProgressMeter meter(progress, 0);
  GgufWriter writer;
  AddModelKeys(model, type, &writer);
  AddDescription(folder, &writer);
  AddVocabularyAndProtocol(folder, read, EmbeddingRows(model), &writer,
                           &result);
  result.bytes = AddModelTensors(model, type, &meter, &writer);
  result.tensors = model.tensors().size();
  WriteFile(path, writer, &result);
  if (!result.stopped) {
    ReadBack(path, &result);
    NoteOtherProtocol(&result);
  }
  return result;
}

ConvertResult GgufWithProtocol(
    const GgufFile& file, const HfFolder& folder,
    const std::function<void(ProtocolSources*)>& adjust,
    const std::string& path, const ConvertProgress& progress) {
  FolderProtocol read = ReadFolderProtocol(folder);
  if (adjust) {
    adjust(&read.sources);
    read.protocol = TurnProtocol::Resolve(read.sources);
  }
  const std::optional<std::span<const std::string_view>> tokens =
      file.GetStrings("tokenizer.ggml.tokens");
  const uint64_t rows = tokens ? tokens->size() : 0;
  ConvertResult told;
  if (tokens) CompareVocabularies(read.spec, *tokens, folder, &told);
  ConvertResult result = GgufWithKeys(
      file,
      [&](GgufWriter* writer) {
        for (const GgufEntry& entry : file.entries()) {
          // The parts of a set become one file.
          if (IsProtocolKey(entry.key) || entry.key == kConfigKey ||
              entry.key.starts_with("split.")) {
            continue;
          }
          writer->Add(entry.key, entry.value);
        }
        AddVocabularyAndProtocol(folder, read, rows, writer, &told);
      },
      path, progress);
  result.remarks.insert(result.remarks.begin(), told.remarks.begin(),
                        told.remarks.end());
  result.source_hash = told.source_hash;
  if (!result.stopped) NoteOtherProtocol(&result);
  return result;
}

ConvertResult GgufWithKeys(const GgufFile& file,
                           const std::function<void(GgufWriter*)>& add_keys,
                           const std::string& path,
                           const ConvertProgress& progress) {
  ConvertResult result;
  ProgressMeter meter(progress, 0);
  GgufWriter writer;
  add_keys(&writer);
  const ModelFile model(file);
  for (const ModelTensor& tensor : model.tensors()) {
    writer.AddTensor(tensor.name, tensor.type, tensor.shape,
                     [&tensor, &meter](const ByteSink& sink) {
                       StreamTensor(tensor, {tensor.type}, meter.Through(sink));
                     });
    result.bytes += tensor.size();
  }
  meter.SetTotal(result.bytes);
  result.tensors = model.tensors().size();
  WriteFile(path, writer, &result);
  if (!result.stopped) ReadBack(path, &result);
  return result;
}

}  // namespace fullstop
