// A model as Hugging Face's transformers saves it: a folder of JSON files,
// chat templates, tokenizer files and safetensors.
#ifndef FULLSTOP_FORMAT_HF_FOLDER_H_
#define FULLSTOP_FORMAT_HF_FOLDER_H_

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "format/safetensors.h"

namespace fullstop {

// The small files of a folder, read and checked to be JSON objects; what they
// say is for the rooms above. Copies cost the JSON. Immutable; any number of
// threads may read.
class HfFolder {
 public:
  struct ChatTemplate {
    std::string name;  // "default", "tool_use", …
    std::string text;
    std::string file;  // its name within the folder
    // transformers does not use it: another file's templates come before.
    bool overridden;
  };

  // Throws Error: kNotFound where PATH is no folder or none of a model,
  // kUnsupported for an adapter and other folders that are no model but can be
  // named, kFormat for a file that is not what its name says.
  static HfFolder Open(const std::string& path);
  // What who loads the adapter at PATH over BASE reads: the adapter's files,
  // and BASE's config.json, generation_config.json and weights where it has
  // none. Where it has no tokenizer either, all else is BASE's as well. BASE
  // may be null. Throws kFormat as above.
  static HfFolder OpenAdapter(const std::string& path, const HfFolder* base);

  // Of an adapter its own.
  const std::string& path() const { return path_; }

  // JSON objects; null where the file is absent. The last, added_tokens.json,
  // gives ids by text.
  const nlohmann::ordered_json& config() const { return config_; }
  const nlohmann::ordered_json& generation_config() const {
    return generation_config_;
  }
  const nlohmann::ordered_json& tokenizer_config() const {
    return tokenizer_config_;
  }
  const nlohmann::ordered_json& special_tokens_map() const {
    return special_tokens_map_;
  }
  const nlohmann::ordered_json& added_tokens() const { return added_tokens_; }

  // Best first: of templates with one name the first is the one that
  // transformers uses. From chat_template.jinja, additional_chat_templates/,
  // tokenizer_config.json and chat_template.json, in this order.
  const std::vector<ChatTemplate>& chat_templates() const {
    return chat_templates_;
  }

  // The path of FILE in the folder, of an adapter's also in its base's; nullopt
  // where there is no regular file.
  std::optional<std::string> Find(std::string_view file) const;
  // The names of all tokenizer files that are there, best first:
  // tokenizer.json, tekken.json, SentencePiece models (tokenizer.model), rank
  // files (*.tiktoken, tiktoken.model), vocab.json with merges.txt.
  const std::vector<std::string>& tokenizer_files() const {
    return tokenizer_files_;
  }

  // How the weights are packed, by `quantization_config`.
  enum class Packing {
    kNone,
    kFp8,    // F8_E4M3 with a `NAME_scale_inv` for each tensor
    kMxfp4,  // U8 tensors NAME_blocks and NAME_scales (mxfp4.h)
  };
  // Throws Error (kUnsupported) with a way on for every other one.
  Packing packing() const;

  // Maps the weights: model.safetensors, else the files that
  // model.safetensors.index.json names. Throws what SafetensorsSet and
  // packing() throw; kUnsupported for weights of other kinds (a pickle, GGUF),
  // with a way on; kNotFound where there are none.
  SafetensorsSet OpenWeights() const;

 private:
  explicit HfFolder(std::string path) : path_(std::move(path)) {}
  nlohmann::ordered_json ReadObject(std::string_view file) const;
  void ReadFiles();
  void ReadChatTemplates();
  void AddChatTemplates(const nlohmann::ordered_json& value,
                        const std::string& file, bool overridden);
  void ListTokenizerFiles();
  void RefuseWhatIsNoModel() const;
  [[noreturn]] void RefuseWeights() const;

  std::string path_;
  // Where files are looked for that the folder lacks; empty: nowhere.
  std::string base_;
  // Whether BASE_ gives no more than the model's own files.
  bool own_tokenizer_ = true;
  nlohmann::ordered_json config_;
  nlohmann::ordered_json generation_config_;
  nlohmann::ordered_json tokenizer_config_;
  nlohmann::ordered_json special_tokens_map_;
  nlohmann::ordered_json added_tokens_;
  std::vector<ChatTemplate> chat_templates_;
  std::vector<std::string> tokenizer_files_;
};

}  // namespace fullstop

#endif  // FULLSTOP_FORMAT_HF_FOLDER_H_
