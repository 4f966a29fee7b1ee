/* Compares minutiae files with NIST's bozorth3 and speaks the protocol of `whorl eval --matcher-command` (README.md).
 * Linked with the library of bozorth3; the variables below are those that its program defines.
 *
 * ISO/IEC 19794-2:2005 counts y downwards, has angles in 1/256 turn and lets them point along the ridge that ends; bozorth3
 * takes y upwards, degrees, and directions that point away from it (its results depend on that a little). It prunes to
 * the 150 minutiae of best quality by itself, as its program does. */
#include <bozorth.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int m1_xyt = 0;
int max_minutiae = DEFAULT_BOZORTH_MINUTIAE;
int min_computable_minutiae = MIN_COMPUTABLE_BOZORTH_MINUTIAE;
int verbose_main = 0;
int verbose_load = 0;
int verbose_bozorth = 0;
int verbose_threshold = 0;
FILE *errorfp = NULL;

enum { HEADER_BYTES = 24, VIEW_BYTES = 4, MINUTIA_BYTES = 6, FILE_BYTES_MAX = 65536, FINGERS_MAX = 100000 };

/* Files that were read, by name. */
static struct finger {
	char *path;
	struct xyt_struct *minutiae;
} fingers[FINGERS_MAX];
static size_t finger_count;

static void fail(const char *path, const char *what)
{
	fprintf(stderr, "%s: %s\n", path, what);
	exit(1);
}

static unsigned u16(const uint8_t *bytes)
{
	return (unsigned)bytes[0] << 8 | bytes[1];
}

static struct xyt_struct *read_finger(const char *path)
{
	static uint8_t bytes[FILE_BYTES_MAX];
	FILE *file = fopen(path, "rb");
	if (!file)
		fail(path, "cannot be opened");
	size_t size = fread(bytes, 1, sizeof bytes, file);
	fclose(file);
	if (size < HEADER_BYTES + VIEW_BYTES || memcmp(bytes, "FMR\0 20", 7) != 0)
		fail(path, "not a minutiae file of ISO/IEC 19794-2:2005");
	unsigned height = u16(bytes + 16);
	unsigned count = bytes[HEADER_BYTES + 3];
	if (size < HEADER_BYTES + VIEW_BYTES + MINUTIA_BYTES * (size_t)count)
		fail(path, "ends before its minutiae do");
	static struct xytq_struct all;
	all.nrows = (int)count;
	for (unsigned i = 0; i < count; i++) {
		const uint8_t *minutia = bytes + HEADER_BYTES + VIEW_BYTES + MINUTIA_BYTES * i;
		all.xcol[i] = (int)(u16(minutia) & 0x3fff);
		all.ycol[i] = (int)height - (int)(u16(minutia + 2) & 0x3fff);
		all.thetacol[i] = ((minutia[4] * 360 + 128) / 256 + 180) % 360;
		all.qualitycol[i] = minutia[5];
	}
	struct xyt_struct *pruned = bz_prune(&all, 0);
	if (!pruned)
		fail(path, "bozorth3 does not take it");
	return pruned;
}

static struct xyt_struct *finger(const char *path)
{
	for (size_t i = 0; i < finger_count; i++)
		if (strcmp(fingers[i].path, path) == 0)
			return fingers[i].minutiae;
	if (finger_count == FINGERS_MAX)
		fail(path, "more files than this adapter keeps");
	char *copy = strdup(path);
	if (!copy)
		fail(path, "no memory");
	fingers[finger_count].path = copy;
	fingers[finger_count].minutiae = read_finger(path);
	return fingers[finger_count++].minutiae;
}

static double microseconds(void)
{
	struct timespec now;
	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec * 1e6 + now.tv_nsec / 1e3;
}

int main(void)
{
	static char line[16384];
	struct xyt_struct *last = NULL;
	int edges = 0;
	errorfp = stderr;
	while (fgets(line, sizeof line, stdin)) {
		char *tab = strchr(line, '\t');
		char *end = strchr(line, '\n');
		if (!tab || !end)
			fail(line, "expected two paths with a tab between them");
		*tab = *end = '\0';
		struct xyt_struct *probe = finger(line), *reference = finger(tab + 1);
		double start = microseconds();
		if (probe != last) /* as `bozorth3 -p`, which prepares a probe once */
			edges = bozorth_probe_init(probe);
		last = probe;
		int score = bozorth_to_gallery(edges, probe, reference);
		printf("%d\t%.3f\n", score, microseconds() - start);
	}
	return 0;
}
