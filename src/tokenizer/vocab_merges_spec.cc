#include "tokenizer/vocab_merges_spec.h"

#include <algorithm>
#include <utility>

#include "base/error.h"
#include "tokenizer/json_model.h"

namespace fullstop {

TokenizerSpec TokenizerSpecFromVocabulary(
    const std::shared_ptr<JsonFile>& vocab, std::string merges,
    const std::string& merges_name) {
  TokenizerSpec spec;
  spec.keeper = vocab;
  ReadJsonVocabulary(vocab->root(), &spec);
  std::string_view rest = vocab->Keep(std::move(merges));
  for (uint64_t number = 1; !rest.empty(); ++number) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.empty() || line.starts_with("#version")) continue;
    const size_t space = line.find(' ');
    if (space == std::string_view::npos ||
        line.find(' ', space + 1) != std::string_view::npos) {
      throw Error::Format("a line of the merges is no pair")
          .In(merges_name)
          .AtLine(number, 1, std::string(line.substr(0, 80)));
    }
    spec.merges.emplace_back(line.substr(0, space), line.substr(space + 1));
  }
  return spec;
}

}  // namespace fullstop
