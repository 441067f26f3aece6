"""What diesel does: on 2.7 the real library is asked, on 3.x ours."""
