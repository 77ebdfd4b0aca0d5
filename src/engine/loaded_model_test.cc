#include "engine/loaded_model.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/test_folder.h"
#include "format/gguf_writer.h"

namespace fullstop {
namespace {

TEST(LoadedModelTest, KnowsItsFilesAndTheIdsThatTheyForbid) {
  const TestFolder folder;
  const std::string path = folder.File("tiny.gguf");
  GgufWriter writer;
  writer.Add("general.architecture", GgufValue{std::string_view("llama")});
  writer.Add("tokenizer.ggml.model", GgufValue{std::string_view("gpt2")});
  writer.Add("tokenizer.ggml.pre", GgufValue{std::string_view("gpt-2")});
  writer.Add(
      "tokenizer.ggml.tokens",
      GgufValue{GgufArray{std::vector<std::string_view>{"a", "b", "c"}}});
  writer.Add("tokenizer.ggml.merges",
             GgufValue{GgufArray{std::vector<std::string_view>{}}});
  writer.Add("tokenizer.ggml.suppress_tokens",
             GgufValue{GgufArray{std::vector<int32_t>{2, 0, -1, 3}}});
  writer.WriteFile(path);
  const LoadedModel model(path);
  EXPECT_THAT(model.suppressed(), testing::ElementsAre(2, 0));
  std::filesystem::create_symlink("tiny.gguf", folder.File("link"));
  EXPECT_TRUE(model.Holds(folder.File("link")));
  EXPECT_FALSE(model.Holds(folder.path()));
  EXPECT_FALSE(model.Holds(folder.File("none")));
}

}  // namespace
}  // namespace fullstop
