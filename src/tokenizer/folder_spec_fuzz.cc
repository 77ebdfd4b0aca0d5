// Tokenizers out of folders of foreign bytes: an error, or a tokenizer that
// encodes and decodes.
//
// The input: the files, a line each, whose first byte says which; what is
// behind an empty line is the text. In a file a vertical tab stands for a new
// line, and "@bytes" for the members of a vocabulary of all bytes.
#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "format/fuzz_folder.h"
#include "format/hf_folder.h"
#include "tokenizer/folder_spec.h"
#include "tokenizer/fuzz_checks.h"

namespace fullstop {
namespace {

constexpr std::array<std::string_view, 10> kFiles = {"config.json",
                                                     "tokenizer.json",
                                                     "tokenizer_config.json",
                                                     "special_tokens_map.json",
                                                     "added_tokens.json",
                                                     "vocab.json",
                                                     "merges.txt",
                                                     "tokenizer.model",
                                                     "tekken.json",
                                                     "qwen.tiktoken"};

std::string Content(std::string_view line) {
  std::string content = WithAllBytes(line);
  std::replace(content.begin(), content.end(), '\v', '\n');
  return content;
}

void Run(std::string_view input) {
  static const FuzzFolder folder("folder_spec_fuzz", kFiles);
  const size_t border = input.find("\n\n");
  std::string_view text;
  if (border != std::string_view::npos) {
    text = input.substr(border + 2);
    input = input.substr(0, border);
  }
  folder.Fill(input, Content);
  CheckTokenizer(TokenizerSpecFromFolder(HfFolder::Open(folder.path())), text);
}

}  // namespace
}  // namespace fullstop

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return fullstop::CheckInput(data, size, fullstop::Run);
}
