#include "convert/folder_protocol.h"

#include "protocol/sources_folder.h"
#include "tokenizer/folder_spec.h"
#include "tokenizer/tokenizer.h"

namespace fullstop {

FolderProtocol ReadFolderProtocol(const HfFolder& folder) {
  FolderProtocol read = {TokenizerSpecFromFolder(folder), {}, nullptr};
  read.sources = SourcesFromFolder(folder, MakeTokenizer(read.spec));
  read.protocol = TurnProtocol::Resolve(read.sources);
  return read;
}

}  // namespace fullstop
