// Every vocabulary of the data folder against the ids that its .out file gives.
#include <gtest/gtest.h>

#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <vector>

#include "base/file.h"
#include "format/gguf.h"
#include "tokenizer/piece_cache.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {
namespace {

std::filesystem::path DataFolder() {
  const char* folder = std::getenv("FULLSTOP_DATA");
  if (folder != nullptr) return folder;
  return std::filesystem::path(FULLSTOP_SOURCE_DIR) / "../shared/data";
}

// Each case ends with the separator.
std::vector<std::string> Cases(const std::string& path) {
  const std::string separator = "\n__ggml_vocab_test__\n";
  std::string text = ReadFile(path);
  std::vector<std::string> cases;
  for (size_t end = 0; (end = text.find(separator)) != std::string::npos;) {
    cases.push_back(text.substr(0, end));
    text.erase(0, end + separator.size());
  }
  return cases;
}

TEST(VocabulariesTest, IdsEqualThoseOfTheOutFilesAndDecodeToTheText) {
  const std::filesystem::path folder = DataFolder() / "vocabs";
  if (!std::filesystem::exists(folder)) {
    GTEST_SKIP() << "no folder " << folder << ": set FULLSTOP_DATA";
  }
  int vocabularies = 0;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.path().extension() != ".gguf") continue;
    ++vocabularies;
    const std::string path = entry.path().string();
    const auto tokenizer = Tokenizer::FromGguf(GgufFile::Open(path));
    std::istringstream lines(ReadFile(path + ".out"));
    PieceCache cache;
    for (const std::string& text : Cases(path + ".inp")) {
      std::string line;
      ASSERT_TRUE(std::getline(lines, line)) << path;
      std::istringstream numbers(line);
      std::vector<TokenId> expected;
      for (TokenId id = 0; numbers >> id;) expected.push_back(id);
      const std::vector<TokenId> ids = tokenizer->Encode(text);
      EXPECT_EQ(ids, expected) << path << ": " << text;
      EXPECT_EQ(tokenizer->Decode(ids), text) << path;
      for (int i = 0; i < 2; ++i) {
        EXPECT_EQ(tokenizer->Encode(text, {.cache = &cache}), expected) << path;
      }
    }
  }
  EXPECT_GT(vocabularies, 0);
}

}  // namespace
}  // namespace fullstop
