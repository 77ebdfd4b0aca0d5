#include "format/safetensors_shards.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/hf_folder.h"
#include "format/json_file.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;

class SafetensorsShardsTest : public testing::Test {
 protected:
  SafetensorsShardsTest() {
    WriteFileAtomically(folder_ + "/config.json", "{\"model_type\":\"llama\"}");
  }

  // SIZE bytes, all the first letter of NAME.
  static void Add(const std::string& name, uint64_t size,
                  SafetensorsShards* shards) {
    shards->AddTensor(
        name, SafetensorsType::kU8, {{size}},
        [bytes = std::vector<std::byte>(size, std::byte(name[0]))](
            const ByteSink& sink) { sink(bytes); });
  }

  std::vector<std::string> Files() const {
    std::vector<std::string> files;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      const std::string name = entry.path().filename();
      if (name != "config.json") files.push_back(name);
    }
    std::ranges::sort(files);
    return files;
  }

  const TestFolder place_;
  const std::string folder_ = place_.path();
};

TEST_F(SafetensorsShardsTest, OneFileHasNoIndex) {
  SafetensorsShards shards(10);
  Add("a", 6, &shards);
  Add("b", 4, &shards);
  shards.WriteInto(folder_);
  EXPECT_THAT(Files(), ElementsAre("model.safetensors"));
  const auto set = HfFolder::Open(folder_).OpenWeights();
  EXPECT_EQ(set.metadata().at("format"), "pt");
}

TEST_F(SafetensorsShardsTest, SeveralFilesAreReadAsOne) {
  SafetensorsShards shards(10);
  Add("a", 6, &shards);
  Add("b", 5, &shards);
  Add("c", 5, &shards);
  Add("larger than a file", 25, &shards);
  Add("e", 1, &shards);
  shards.WriteInto(folder_);
  EXPECT_THAT(Files(), ElementsAre("model-00001-of-00004.safetensors",
                                   "model-00002-of-00004.safetensors",
                                   "model-00003-of-00004.safetensors",
                                   "model-00004-of-00004.safetensors",
                                   "model.safetensors.index.json"));
  const auto set = HfFolder::Open(folder_).OpenWeights();
  ASSERT_EQ(set.tensors().size(), 5u);
  for (const SafetensorsTensor& tensor : set.tensors()) {
    EXPECT_THAT(tensor.data, ::testing::Each(std::byte(tensor.name[0])));
  }
  const auto index = ReadJsonFile(folder_ + "/model.safetensors.index.json");
  EXPECT_EQ(index["metadata"]["total_size"], 42);
  EXPECT_EQ(index["weight_map"]["c"], "model-00002-of-00004.safetensors");
}

TEST_F(SafetensorsShardsTest, ANameIsGivenOnce) {
  SafetensorsShards shards(4);
  Add("a", 4, &shards);
  Add("b", 4, &shards);
  EXPECT_THROW(Add("a", 4, &shards), Error);
}

}  // namespace
}  // namespace fullstop
