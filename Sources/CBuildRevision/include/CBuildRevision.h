// Which commit the program was built from: the one thing of the build that changes with every commit, in a file of its own,
// so that nothing else is compiled again for it.
#ifndef CBUILD_REVISION_H
#define CBUILD_REVISION_H

// Twelve hexadecimal digits, or "unknown" when the build was not told.
const char *build_revision(void);

#endif
