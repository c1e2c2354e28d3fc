/* reserve.pml: reserve, commit, expire, as two routers race for few agents. The exhaustive companion of tests/model, which runs the real code
 * at random: here every interleaving of a small world is looked at.
 *
 * Redis, volatile: who waits, what is reserved for whom, who has a place of an agent, under whose lease it was filled. SQL, durable: lease,
 * owner, epoch. Router 0 holds the lease, until router 1 takes it over; router 0 does not know, and goes on. Router 1 fills Redis from SQL
 * before it gives anything out. A reservation runs out when its router has been away for longer than a lease lives.
 *
 * Two things together keep the promises, and each alone does not; check.sh says so for every combination:
 *   ATOMIC  a reservation checks lease, place, membership and epoch, and takes, in one step
 *   FENCED  a commit names the epoch and the lease that it was decided on, and is refused if one of them has moved on
 *
 * R1: a conversation is accepted at most once in each epoch. R2: nobody has more than a full load, reserved and placed, in Redis or in SQL. */

#ifndef ATOMIC
#define ATOMIC 1
#endif
#ifndef FENCED
#define FENCED 1
#endif

#define CONVS    2
#define AGENTS   2
#define CAPACITY 1
#define TRIES    2
#define NOBODY   3

/* SQL */
byte lease = 1;
byte owner[CONVS] = NOBODY;
byte epoch[CONVS];
bool lost;

/* Redis */
byte filled = 1; /* under this lease; 0: being filled */
bool waits[CONVS] = true;
byte held[CONVS] = NOBODY;
byte by[CONVS];
byte placed[CONVS] = NOBODY;
byte known[CONVS];

/* What SQL says is told to Redis; what is older than it knows is ignored, and so is what a match under way makes true already. */
inline tell(c)
{
    d_step {
        if
        :: epoch[c] < known[c] -> skip
        :: epoch[c] == known[c] && held[c] != NOBODY && owner[c] == NOBODY -> skip
        :: else ->
            known[c] = epoch[c];
            placed[c] = owner[c];
            held[c] = NOBODY;
            waits[c] = (owner[c] == NOBODY)
        fi
    }
}

#define LOAD(a) ((held[0] == a || placed[0] == a) + (held[1] == a || placed[1] == a))
#define STORED(a) ((owner[0] == a) + (owner[1] == a))
#define FITS(c, a, e, l) (filled == l && waits[c] && known[c] == e && LOAD(a) < CAPACITY)
#define CHECK assert(LOAD(0) <= CAPACITY && LOAD(1) <= CAPACITY && STORED(0) <= CAPACITY && STORED(1) <= CAPACITY)

proctype router(byte mine)
{
    byte c, a, e, tries;
    bool fits;

    if
    :: mine == 2 ->
        lease = 2; /* taken over */
        d_step { filled = 0; waits[0] = false; waits[1] = false; held[0] = NOBODY; held[1] = NOBODY; placed[0] = NOBODY; placed[1] = NOBODY; known[0] = 0; known[1] = 0 }
        tell(0);
        tell(1);
        filled = 2
    :: else
    fi;
    do
    :: tries < TRIES ->
        atomic {
            tries++;
            select(c : 0 .. CONVS - 1);
            select(a : 0 .. AGENTS - 1);
            e = known[c];
            fits = FITS(c, a, e, mine)
        }
        if
        :: fits ->
            if
            :: ATOMIC ->
                d_step {
                    fits = FITS(c, a, e, mine);
                    if
                    :: fits -> waits[c] = false; held[c] = a; by[c] = mine; CHECK
                    :: else
                    fi
                }
            :: else ->
                fits = FITS(c, a, e, mine);
                if
                :: fits -> d_step { waits[c] = false; held[c] = a; by[c] = mine; CHECK }
                :: else
                fi
            fi;
            if
            :: fits ->
                d_step {
                    fits = !FENCED || (owner[c] == NOBODY && epoch[c] == e && lease == mine);
                    if
                    :: fits ->
                        assert(owner[c] == NOBODY); /* R1 */
                        owner[c] = a;
                        epoch[c]++;
                        CHECK
                    :: else
                    fi
                }
                if
                :: fits -> tell(c)
                :: else
                fi
            :: else
            fi
        :: else
        fi
    :: break
    od
}

/* Who has been away for longer than a reservation holds has lost its lease before. */
proctype time()
{
    do
    :: d_step { held[0] != NOBODY && by[0] != lease -> held[0] = NOBODY } tell(0)
    :: d_step { held[1] != NOBODY && by[1] != lease -> held[1] = NOBODY } tell(1)
    :: break
    od
}

/* An agent is lost, once: what that agent had waits again. */
proctype agent()
{
    byte c;

    select(c : 0 .. CONVS - 1);
    if
    :: d_step { owner[c] != NOBODY -> owner[c] = NOBODY; epoch[c]++ } tell(c)
    :: skip
    fi
}

init {
    atomic {
        run router(1);
        run router(2);
        run time();
        run agent()
    }
}
