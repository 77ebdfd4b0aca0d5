// For tests: the tiny models of tests/fixtures/models/ as whole folders, with a
// made-up vocabulary and protocol.
#ifndef FULLSTOP_CONVERT_TINY_FOLDERS_H_
#define FULLSTOP_CONVERT_TINY_FOLDERS_H_

#include <nlohmann/json.hpp>
#include <string>

#include "base/file.h"
#include "model/tiny_models.h"

namespace fullstop {

// COUNT tokens, 48 or more: four special ones, letters, and merges.
inline nlohmann::ordered_json TinyTokenizer(size_t count) {
  using Json = nlohmann::ordered_json;
  const std::vector<std::string> specials = {"<unk>", "<s>", "</s>", "<|end|>"};
  Json vocab;
  const auto add = [&vocab](const std::string& text) {
    vocab[text] = vocab.size();
  };
  for (const std::string& text : specials) add(text);
  for (char c = 'a'; c <= 'z'; ++c) add(std::string(1, c));
  Json merges = Json::array();
  add("\u0120");  // a space
  for (const char* text : {"th", "he", "in", "er", "an"}) {
    add(text);
    merges.push_back({std::string(1, text[0]), std::string(1, text[1])});
  }
  add("<|endoftext|>");  // llama.cpp loads no Phi-3 without it
  while (vocab.size() + 4 < count) add("w" + std::to_string(vocab.size()));
  Json added = Json::array();
  for (size_t id = 0; id < specials.size(); ++id) {
    added.push_back({{"id", id},
                     {"content", specials[id]},
                     {"single_word", false},
                     {"lstrip", id == 3},
                     {"rstrip", id == 2},
                     {"normalized", false},
                     {"special", true}});
  }
  const char* pattern =
      "(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\\r\\n\\p{L}\\p{N}]?\\p{L}+|\\p{N}| "
      "?[^\\s\\p{L}\\p{N}]+[\\r\\n]*|\\s*[\\r\\n]+|\\s+(?!\\S)|\\s+";
  const Json bytes = {{"type", "ByteLevel"},
                      {"add_prefix_space", false},
                      {"trim_offsets", false},
                      {"use_regex", false}};
  const Json split = {{"type", "Split"},
                      {"pattern", {{"Regex", pattern}}},
                      {"behavior", "Isolated"},
                      {"invert", false}};
  return {{"version", "1.0"},
          {"added_tokens", std::move(added)},
          {"normalizer", {{"type", "NFC"}}},
          {"pre_tokenizer",
           {{"type", "Sequence"}, {"pretokenizers", {split, bytes}}}},
          {"post_processor", bytes},
          {"decoder", bytes},
          {"model",
           {{"type", "BPE"},
            {"ignore_merges", false},
            {"vocab", std::move(vocab)},
            {"merges", std::move(merges)}}}};
}

// The model's folder under FOLDER, whose turns end with <|end|>, an end that
// only generation_config.json declares.
inline std::string WriteTinyFolder(const TinyModel& model,
                                   const std::string& folder) {
  const std::string path = WriteTinyModel(model, folder);
  const auto write = [&path](const std::string& name, const std::string& text) {
    WriteFileAtomically(path + "/" + name, text);
  };
  const nlohmann::ordered_json& config = model.config;
  const auto text = config.find("text_config");
  const size_t size = (text != config.end() ? *text : config)["vocab_size"];
  write("tokenizer.json", TinyTokenizer(size).dump());
  write("generation_config.json",
        R"({"eos_token_id":[2,3],"temperature":0.7,"top_k":20})");
  write("tokenizer_config.json",
        R"({"bos_token":"<s>","eos_token":"</s>","add_bos_token":false})");
  write("chat_template.jinja",
        "{{ bos_token }}{% for m in messages %}{{ m.role }} {{ m.content }}"
        "<|end|>{% endfor %}");
  write("README.md",
        "---\nlicense: apache-2.0\nlicense_link: 'there'\n---\n# A model\n");
  return path;
}

}  // namespace fullstop

#endif  // FULLSTOP_CONVERT_TINY_FOLDERS_H_
