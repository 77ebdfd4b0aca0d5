// A Hugging Face folder as a MODEL: vocabulary, protocol and logits.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "base/test_folder.h"
#include "engine/loaded_model.h"
#include "model/tiny_models.h"

namespace fullstop {
namespace {

TinyModel TinyLlama() {
  for (const TinyModel& model : ReadTinyModels()) {
    if (model.name == "llama") return model;
  }
  throw std::runtime_error("no tiny llama");
}

// Tokens are the letters from 'A' on, and three special ones.
nlohmann::ordered_json TinyTokenizer() {
  nlohmann::ordered_json vocabulary;
  const std::vector<std::string> special = {"<unk>", "<s>", "<end>"};
  nlohmann::ordered_json added;
  for (size_t i = 0; i < 48; ++i) {
    const std::string text =
        i < 3 ? special[i] : std::string(1, static_cast<char>('A' + i - 3));
    vocabulary[text] = i;
    if (i >= 3) continue;
    added.push_back({{"id", i},
                     {"content", text},
                     {"single_word", false},
                     {"lstrip", false},
                     {"rstrip", false},
                     {"normalized", false},
                     {"special", true}});
  }
  return {{"version", "1.0"},
          {"truncation", nullptr},
          {"padding", nullptr},
          {"added_tokens", added},
          {"normalizer", nullptr},
          {"pre_tokenizer", nullptr},
          {"post_processor", nullptr},
          {"decoder", nullptr},
          {"model",
           {{"type", "BPE"},
            {"unk_token", "<unk>"},
            {"vocab", vocabulary},
            {"merges", nlohmann::ordered_json::array()}}}};
}

class FolderModelTest : public testing::Test {
 protected:
  FolderModelTest() : folder_(WriteTinyModel(tiny_, place_.path())) {
    Write("tokenizer.json", TinyTokenizer());
    Write("tokenizer_config.json", {{"bos_token", "<s>"},
                                    {"eos_token", "<end>"},
                                    {"chat_template",
                                     "{% for m in messages %}{{ m.content }}"
                                     "<end>{% endfor %}"}});
    Write("generation_config.json",
          {{"eos_token_id", {2, 5}}, {"temperature", 0.5}});
  }

  void Write(const std::string& file, const nlohmann::ordered_json& json) {
    std::ofstream(folder_ + "/" + file) << json.dump();
  }

  const TestFolder place_;
  const TinyModel tiny_ = TinyLlama();
  const std::string folder_;
};

TEST_F(FolderModelTest, EndsComeFromAllItsFiles) {
  const LoadedModel model(folder_);
  std::vector<TokenId> ends;
  for (const Stop& stop : model.protocol().facts().stops.stops) {
    ends.push_back(stop.id);
  }
  std::ranges::sort(ends);
  EXPECT_THAT(ends, testing::ElementsAre(2, 5));
  ASSERT_EQ(model.protocol().facts().sampling.size(), 1u);
  EXPECT_EQ(model.protocol().facts().sampling[0].name, "temp");
  EXPECT_TRUE(model.Holds(folder_ + "/config.json"));
  EXPECT_FALSE(model.Holds(folder_ + "/../config.json"));
}

TEST_F(FolderModelTest, ItsWeightsCompute) {
  LoadedModel model(folder_);
  ASSERT_EQ(model.forward().vocabulary_size(), 48);
  const auto ours = PrefillLogits(model.forward(), tiny_.ids);
  double worst = 0;
  for (size_t i = 0; i < ours.size(); ++i) {
    for (size_t j = 0; j < ours[i].size(); ++j) {
      worst = std::max(worst, std::abs(ours[i][j] - tiny_.logits[i][j]));
    }
  }
  // A cache of halves and whatever path is the best.
  EXPECT_LT(worst, 0.1);
}

}  // namespace
}  // namespace fullstop
