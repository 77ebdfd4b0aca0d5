#include "tokenizer/file_spec.h"

#include <deque>
#include <memory>
#include <utility>

#include "base/error.h"
#include "base/file.h"
#include "tokenizer/json_file.h"
#include "tokenizer/json_spec.h"
#include "tokenizer/sentencepiece_spec.h"
#include "tokenizer/tekken_spec.h"
#include "tokenizer/vocab_merges_spec.h"

namespace fullstop {
namespace {

std::string_view TextOf(const MappedFile& file) {
  return {reinterpret_cast<const char*>(file.bytes().data()),
          file.bytes().size()};
}

TokenizerSpec FromJson(const std::string& path) {
  const std::shared_ptr<JsonFile> file = JsonFile::Open(path);
  const Json root = file->root();
  if (!root.IsObject()) root.Fail("is no object");
  if (root.Find("model")) return TokenizerSpecFromJson(file);
  const auto vocab = root.Find("vocab");
  if (root.Find("config") && vocab && vocab->IsArray()) {
    return TokenizerSpecFromTekken(file);
  }
  const size_t slash = path.rfind('/');
  const std::string folder =
      slash == std::string::npos ? "" : path.substr(0, slash + 1);
  return TokenizerSpecFromVocabulary(file, ReadFile(folder + "merges.txt"),
                                     folder + "merges.txt");
}

}  // namespace

TokenizerSpec TokenizerSpecFromFile(const std::string& path) {
  if (path.ends_with(".json")) return FromJson(path);
  const auto file = std::make_shared<MappedFile>(MappedFile::Open(path));
  const std::string_view bytes = TextOf(*file);
  // A SentencePiece model begins with its first piece: field 1, with a length.
  if (bytes.starts_with('\n')) {
    TokenizerSpec spec = ParseSentencePiece(bytes, path);
    spec.keeper = file;
    return spec;
  }
  return TokenizerSpecFromRanks(bytes, path);
}

}  // namespace fullstop
