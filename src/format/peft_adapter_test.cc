#include "format/peft_adapter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>

#include "base/error.h"
#include "base/file.h"
#include "base/test_folder.h"
#include "format/json_file.h"
#include "format/safetensors_test_bytes.h"

namespace fullstop {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

class PeftAdapterTest : public ::testing::Test {
 protected:
  void Write(const std::string& name, std::string_view content) const {
    WriteFileAtomically(folder_ / name, content);
  }
  template <typename Call>
  static void ExpectError(Error::Kind kind, const std::string& text,
                          Call call) {
    try {
      call();
      FAIL() << "no error";
    } catch (const Error& error) {
      EXPECT_EQ(error.kind(), kind) << error.what();
      EXPECT_THAT(error.what(), HasSubstr(text));
    }
  }

  const TestFolder place_;
  const std::filesystem::path folder_ = place_.path();
};

PeftConfig Read(std::string_view text) {
  return ReadPeftConfig(ParseJson(text, "x"), "x");
}

TEST_F(PeftAdapterTest, FieldsAreTypedAndAbsentOnesHaveDefaults) {
  const PeftConfig config = Read(R"({
      "peft_type": "LORA", "base_model_name_or_path": "some/model", "r": 16,
      "lora_alpha": 32.5, "use_rslora": true, "ensure_weight_tying": true,
      "target_modules": ["q_proj", "v_proj"], "exclude_modules": "lm_.*",
      "modules_to_save": ["lm_head"], "rank_pattern": {"k_proj": 4},
      "trainable_token_indices": {"embed_tokens": [5, 6]},
      "target_parameters": ["experts"], "a_new_field": {}})");
  EXPECT_EQ(config.type, "LORA");
  EXPECT_EQ(config.base, "some/model");
  EXPECT_EQ(config.rank, 16);
  EXPECT_EQ(config.alpha, 32.5);
  EXPECT_TRUE(config.rank_stabilised);
  EXPECT_TRUE(config.tied);
  EXPECT_TRUE(config.targets_parameters);
  EXPECT_FALSE(config.dora);
  EXPECT_THAT(config.targets.names, ElementsAre("q_proj", "v_proj"));
  EXPECT_EQ(config.excluded.pattern, "lm_.*");
  EXPECT_THAT(config.saved, ElementsAre("lm_head"));
  EXPECT_EQ(config.rank_pattern.at(0).second, 4);
  EXPECT_EQ(config.tokens.at(0).module, "embed_tokens");
  EXPECT_THAT(config.tokens.at(0).ids, ElementsAre(5, 6));

  const PeftConfig bare = Read(R"({"modules_to_save": null})");
  EXPECT_EQ(bare.type, "");
  EXPECT_EQ(bare.rank, 8);
  EXPECT_TRUE(bare.targets.empty());
  EXPECT_TRUE(bare.tokens.empty());
}

TEST_F(PeftAdapterTest, TokensMayBeAListOrAMethodOfTheirOwn) {
  EXPECT_THAT(Read(R"({"trainable_token_indices": [7, -1]})").tokens.at(0).ids,
              ElementsAre(7, -1));
  const PeftConfig config =
      Read(R"({"peft_type": "TRAINABLE_TOKENS", "token_indices": [3]})");
  EXPECT_THAT(config.tokens.at(0).ids, ElementsAre(3));
}

TEST_F(PeftAdapterTest, AbsurdRanksAreReadAsTheyStand) {
  EXPECT_EQ(Read(R"({"r": 0})").rank, 0);
  EXPECT_EQ(Read(R"({"r": -9000000000})").rank, -9000000000);
}

TEST_F(PeftAdapterTest, OtherTypesAreTold) {
  for (const char* text :
       {"[]", R"({"r": "8"})", R"({"r": 1.5})",
        R"({"r": 18446744073709551615})", R"({"target_modules": 7})",
        R"({"target_modules": [7]})", R"({"modules_to_save": "lm_head"})",
        R"({"use_dora": 1})", R"({"rank_pattern": []})",
        R"({"rank_pattern": {"a": null}})", R"({"trainable_token_indices": 7})",
        R"({"trainable_token_indices": ["a"]})",
        R"({"trainable_token_indices": {"a": 7}})", R"({"peft_type": 1})",
        R"({"lora_alpha": "x"})"}) {
    EXPECT_THROW(Read(text), Error) << text;
  }
}

TEST_F(PeftAdapterTest, NamesOfTensors) {
  struct Case {
    const char* name;
    const char* module;
    PeftPart part;
  };
  for (const Case& each : {
           Case{
               "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight",
               "model.layers.0.self_attn.q_proj", PeftPart::kLoraA},
           Case{"base_model.model.lm_head.lora_B.default.weight", "lm_head",
                PeftPart::kLoraB},
           Case{"base_model.model.model.embed_tokens.lora_embedding_A",
                "model.embed_tokens", PeftPart::kEmbeddingA},
           Case{"base_model.model.model.embed_tokens.token_adapter."
                "trainable_tokens_delta",
                "model.embed_tokens", PeftPart::kTokens},
           Case{"base_model.model.model.embed_tokens.trainable_tokens_delta",
                "model.embed_tokens", PeftPart::kTokens},
           Case{"base_model.model.lm_head.weight", "lm_head", PeftPart::kWhole},
           Case{"base_model.model.lm_head.modules_to_save.default.weight",
                "lm_head", PeftPart::kWhole},
           Case{"base_model.model.model.embed_tokens.base_layer.weight",
                "model.embed_tokens", PeftPart::kWhole},
           Case{"base_model.model.lm_head.original_module.weight", "lm_head",
                PeftPart::kCopy},
           Case{"base_model.model.a.q_proj.lora_magnitude_vector", "a.q_proj",
                PeftPart::kOther},
           Case{"base_model.model.a.q_proj.lora_B.bias", "a.q_proj",
                PeftPart::kOther},
           Case{"prompt_embeddings", "prompt_embeddings", PeftPart::kOther},
           Case{"lora_A.weight", "lora_A", PeftPart::kWhole},
           Case{"my_lora_A.weight", "my_lora_A", PeftPart::kWhole},
           Case{"", "", PeftPart::kOther},
       }) {
    const PeftName name = ParsePeftName(each.name);
    EXPECT_EQ(name.module, each.module) << each.name;
    EXPECT_EQ(name.part, each.part) << each.name;
  }
}

TEST_F(PeftAdapterTest, LayersOfModules) {
  EXPECT_EQ(LayerOfModule("model.layers.12.mlp.up_proj"), 12u);
  EXPECT_EQ(LayerOfModule("transformer.h.3.attn"), 3u);
  EXPECT_EQ(LayerOfModule("model.layers"), std::nullopt);
  EXPECT_EQ(LayerOfModule("model.layers.x.mlp"), std::nullopt);
  EXPECT_EQ(LayerOfModule("model.layers.99999999999.mlp"), std::nullopt);
  EXPECT_EQ(LayerOfModule("lm_head"), std::nullopt);
}

TEST_F(PeftAdapterTest, AFolderIsToldByItsFiles) {
  EXPECT_FALSE(PeftAdapter::IsOne(folder_));
  EXPECT_FALSE(PeftAdapter::IsOne(folder_ / "nothing"));
  Write("adapter_config.json", R"({"peft_type": "LORA"})");
  EXPECT_TRUE(PeftAdapter::IsOne(folder_));
  // Some trainers write the base's along.
  Write("config.json", "{}");
  EXPECT_TRUE(PeftAdapter::IsOne(folder_));
  Write("model.safetensors", "");
  EXPECT_FALSE(PeftAdapter::IsOne(folder_));
}

TEST_F(PeftAdapterTest, WeightsAreMappedOrNamed) {
  ExpectError(Error::Kind::kNotFound, "adapter_config.json",
              [this] { PeftAdapter::Open(folder_); });
  Write("adapter_config.json", "{}");
  const PeftAdapter adapter = PeftAdapter::Open(folder_);
  ExpectError(Error::Kind::kNotFound, "adapter_model.safetensors",
              [&] { adapter.OpenWeights(); });
  Write("adapter_model.bin", "x");
  ExpectError(Error::Kind::kUnsupported, "pickle",
              [&] { adapter.OpenWeights(); });
  Write("adapter_model.safetensors.index.json", "{}");
  ExpectError(Error::Kind::kUnsupported, "several files",
              [&] { adapter.OpenWeights(); });
  Write("adapter_model.safetensors",
        MakeSafetensors(
            R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}})", 1));
  EXPECT_EQ(adapter.OpenWeights().tensors().size(), 1u);
  Write("adapter_model.safetensors",
        "version https://git-lfs.github.com/spec/v1\noid sha256:00\n");
  ExpectError(Error::Kind::kNotFound, "Git LFS pointer",
              [&] { adapter.OpenWeights(); });
}

TEST_F(PeftAdapterTest, DeepAndBrokenFilesAreTold) {
  for (const std::string& text :
       {std::string(100000, '['), std::string("{"), std::string("\xFF")}) {
    Write("adapter_config.json", text);
    ExpectError(Error::Kind::kFormat, "adapter_config.json",
                [this] { PeftAdapter::Open(folder_); });
  }
}

}  // namespace
}  // namespace fullstop
